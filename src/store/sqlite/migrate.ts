import type { Database } from "better-sqlite3";
import { type Migration, migrationVersion, pendingMigrations } from "../migrations.ts";
import { beginImmediate } from "./begin-immediate.ts";

/** How long another process may take to bring the schema up before this one gives up. */
const lockWaitMs = 30_000;

/**
 * Brings the schema up to date; forward only, each migration in a transaction of its own. Throws `newer_schema` and
 * changes nothing when a newer version wrote the file.
 */
export async function migrate(
  db: Database,
  input: { readonly migrations: readonly Migration[]; readonly now: number },
  signal: AbortSignal,
): Promise<void> {
  // Looked at without a lock first: the usual start has nothing to do and must not wait for a writer.
  if (pendingMigrations(input.migrations, schemaVersion(db)).length === 0) return;
  for (;;) {
    await beginImmediate(db, lockWaitMs, signal);
    try {
      db.exec(
        `CREATE TABLE IF NOT EXISTS schema_migrations (
           version INTEGER PRIMARY KEY,
           name TEXT NOT NULL,
           applied_at INTEGER NOT NULL
         ) STRICT`,
      );
      const [next] = pendingMigrations(input.migrations, schemaVersion(db));
      if (next !== undefined) {
        // The row comes first: a second process that got here at the same time fails on it and not half way.
        db.prepare("INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)").run(
          migrationVersion(next),
          next.name,
          input.now,
        );
        db.exec(next.sql);
      }
      db.exec("COMMIT");
      if (next === undefined) return;
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

function schemaVersion(db: Database): number {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'").get();
  if (known === undefined) return 0;
  const row = db
    .prepare<[], { version: number }>("SELECT coalesce(max(version), 0) AS version FROM schema_migrations")
    .get();
  return row?.version ?? 0;
}
