import type { RetentionPolicy } from "../retention.ts";
import type { SqliteContext } from "./context.ts";
import { createSweep } from "../sweep.ts";

const olderThan = (
  state: "sent" | "failed" | "canceled",
): string => `SELECT sequence, updated_at AS "updatedAt", EXISTS (
    SELECT 1 FROM idempotency_keys AS k WHERE k.instance_id = queue.instance_id AND k.zaap_id = queue.zaap_id
      AND k.expires_at > +@now) AS "kept"
  FROM queue WHERE held IS NULL AND state = '${state}' AND (updated_at, sequence) > (+@updatedAt, +@sequence) AND updated_at <= +@before
  ORDER BY updated_at, sequence LIMIT +@limit`;

/** SQL of this file, for the test that no statement scans a table. */
export const queueSweepSql = {
  // SQLite uses a partial index only when it can read its very condition in the statement.
  sent: olderThan("sent"),
  failed: olderThan("failed"),
  canceled: olderThan("canceled"),
  remove: "DELETE FROM queue WHERE sequence = +?",
} as const;

interface Place {
  readonly updatedAt: number;
  readonly sequence: number;
}

interface Input {
  readonly policy: Pick<RetentionPolicy, "sentQueueMs" | "failedQueueMs">;
  readonly now: number;
}

const kinds = {
  sentQueue: { sql: queueSweepSql.sent, policy: "sentQueueMs" },
  failedQueue: { sql: queueSweepSql.failed, policy: "failedQueueMs" },
  // Nothing can be done about a canceled one either, so it goes when sent ones do.
  canceledQueue: { sql: queueSweepSql.canceled, policy: "sentQueueMs" },
} as const satisfies Record<string, { readonly sql: string; readonly policy: keyof Input["policy"] }>;

/** Removes final messages of the queue, except those a live idempotency key still answers with. */
export function createQueueSweep(
  context: SqliteContext,
): (input: Input & { readonly limit: number }) => Promise<Readonly<Record<string, number>>> {
  const { db } = context;
  const remove = db.prepare<[number]>(queueSweepSql.remove);

  const sweeps = Object.entries(kinds).map(([kind, { sql, policy: key }]) => {
    const old = db.prepare<Readonly<Record<string, number>>, Place & { kept: 0 | 1 }>(sql);
    const sweep = createSweep<Place, Input>({ updatedAt: 0, sequence: 0 }, (from, { policy, limit, now }) =>
      context.write(() => {
        const found = old.all({ ...from, before: now - policy[key], now, limit });
        const going = found.filter(({ kept }) => kept === 0);
        for (const { sequence } of going) remove.run(sequence);
        return { seen: found.length, removed: going.length, reached: found.at(-1) };
      }),
    );
    return { kind, sweep };
  });

  return async (input) => {
    const removed: Record<string, number> = {};
    for (const { kind, sweep } of sweeps) removed[kind] = await sweep(input);
    return removed;
  };
}
