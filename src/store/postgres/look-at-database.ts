import { Client } from "pg";
import { loadMigrations, migrationVersion } from "../migrations.ts";
import { storageError } from "./postgres-errors.ts";

/** What a database says of itself. */
export interface PostgresFacts {
  /** Number of its last migration; 0 when it has none. */
  readonly schema: number;
  /** The same of this program. */
  readonly known: number;
  readonly bytes: number;
  readonly serverVersion: string;
  /** Whether what it has committed survives a crash of it. */
  readonly isDurable: boolean;
  /** What tells whether a secret key is the right one; undefined before the first start was over. */
  readonly sealed?: Buffer;
}

const overall = `SELECT current_setting('server_version') AS "version", pg_database_size(current_database()) AS "bytes",
  current_setting('fsync') AS "fsync", current_setting('synchronous_commit') AS "commits",
  to_regclass('schema_migrations') IS NOT NULL AS "migrated", to_regclass('meta') IS NOT NULL AS "hasMeta"`;

/**
 * Looks at a database over a connection of its own, in a transaction that can only read. Connecting and each answer may
 * take `limitMs`. Throws `storage` with a sentence for the operator when it cannot be reached or refuses.
 */
export async function lookAtPostgres(options: {
  readonly dsn: string;
  readonly limitMs: number;
}): Promise<PostgresFacts> {
  const { dsn, limitMs } = options;
  const client = new Client({
    connectionString: dsn,
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
    application_name: "wazapi doctor",
  });
  // A connection that breaks fails the statement in hand; nobody else has to hear of it.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("BEGIN READ ONLY");
    const { rows } = await client.query<Record<string, unknown>>(overall);
    const [found = {}] = rows;
    const value = found["hasMeta"] === true ? await sealedOf(client) : undefined;
    return {
      schema: found["migrated"] === true ? await schemaOf(client) : 0,
      known: Math.max(0, ...loadMigrations("postgres").map(migrationVersion)),
      bytes: Number(found["bytes"]),
      serverVersion: String(found["version"]),
      isDurable: found["fsync"] === "on" && found["commits"] !== "off",
      ...(value === undefined ? {} : { sealed: value }),
    };
  } catch (error) {
    throw storageError(error);
  } finally {
    // Nothing is open when it could not connect.
    await client.end().catch(() => {});
  }
}

async function schemaOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT coalesce(max(version), 0) AS version FROM schema_migrations",
  );
  return Number(rows[0]?.version ?? 0);
}

async function sealedOf(client: Client): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ value: Buffer }>("SELECT value FROM meta WHERE key = 'sealed_check'");
  return rows[0]?.value;
}
