import { Client } from "pg";
import { until } from "../support/processes.ts";

/** A transaction of somebody else that stands still until it is told to end. Disposing undoes it. */
export interface HeldTransaction extends AsyncDisposable {
  readonly run: (text: string) => Promise<readonly Record<string, unknown>[]>;
  readonly commit: () => Promise<void>;
  /** Resolves once somebody waits for what this transaction holds. */
  readonly awaited: () => Promise<void>;
}

/** Begins a transaction on a connection of its own, in this schema. */
export async function holdTransaction(place: {
  readonly dsn: string;
  readonly schema: string;
}): Promise<HeldTransaction> {
  const client = new Client({ connectionString: place.dsn });
  const watcher = new Client({ connectionString: place.dsn });
  await Promise.all([client.connect(), watcher.connect()]);
  const ask = async (text: string): Promise<readonly Record<string, unknown>[]> =>
    (await client.query<Record<string, unknown>>(text)).rows;
  await ask(`SET search_path = "${place.schema}"`);
  await ask("BEGIN");
  const [self] = await ask("SELECT pg_backend_pid() AS pid");
  return {
    run: ask,
    commit: async () => {
      await ask("COMMIT");
    },
    awaited: async () => {
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE ${String(self?.["pid"])} = ANY (pg_blocking_pids(pid))`;
      await until(async () => (await watcher.query(waiting)).rowCount !== 0, {
        what: "somebody waits for the held transaction",
        withinMs: 10_000,
        everyMs: 5,
      });
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.end(), watcher.end()]);
    },
  };
}
