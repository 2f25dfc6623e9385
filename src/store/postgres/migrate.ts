import { type Migration, migrationVersion, pendingMigrations } from "../migrations.ts";
import type { Database } from "./database.ts";
import { statements } from "./statement.ts";

/** How long another process may take to bring the schema up before this one gives up. */
const lockWait = "120s";

/** Any number nobody else uses: one process at a time brings a database up to date, whatever its schema. */
const lockKey = 7_709_204_417;

const sql = statements("migrate", {
  known: "SELECT to_regclass('schema_migrations') IS NOT NULL AS \"known\"",
  version: 'SELECT coalesce(max(version), 0) AS "version" FROM schema_migrations',
  note: "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
});

/**
 * Brings the schema up to date; forward only, each migration in a transaction of its own under a lock of the database.
 * Throws `newer_schema` and changes nothing when a newer version wrote it.
 */
export async function migrate(
  db: Database,
  input: { readonly migrations: readonly Migration[]; readonly schema?: string; readonly now: number },
  signal: AbortSignal,
): Promise<void> {
  // Looked at without a lock first: the usual start has nothing to do and must not wait for anybody.
  if (pendingMigrations(input.migrations, await schemaVersion(db)).length === 0) return;
  for (let done = false; !done;) {
    signal.throwIfAborted();
    done = await db.transaction(async (tx) => {
      await tx.script(`SET LOCAL lock_timeout = '${lockWait}'; SELECT pg_advisory_xact_lock(${lockKey})`);
      if (input.schema !== undefined) await tx.script(`CREATE SCHEMA IF NOT EXISTS "${input.schema}"`);
      await tx.script(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)",
      );
      const [next] = pendingMigrations(input.migrations, await schemaVersion(tx));
      if (next === undefined) return true;
      await tx.run(sql.note, [migrationVersion(next), next.name, input.now]);
      await tx.script(next.sql);
      return false;
    });
  }
}

async function schemaVersion(queries: Pick<Database, "rows">): Promise<number> {
  const [table] = await queries.rows<{ known: boolean }>(sql.known, []);
  if (table?.known !== true) return 0;
  const [row] = await queries.rows<{ version: number }>(sql.version, []);
  return row?.version ?? 0;
}
