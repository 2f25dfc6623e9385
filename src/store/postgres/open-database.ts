import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { loadMigrations } from "../migrations.ts";
import { createDatabase, type Database, type DatabaseOptions } from "./database.ts";
import { migrate } from "./migrate.ts";

/** Connects and brings the schema up to date. Throws `storage` and `newer_schema`; the caller closes. */
export async function openDatabase(
  deps: { readonly clock: Clock; readonly log: Log },
  options: DatabaseOptions,
  signal: AbortSignal,
): Promise<Database> {
  await using parts = new AsyncDisposableStack();
  const db = parts.use(createDatabase(deps, options));
  const { schema } = options;
  const migrations = loadMigrations("postgres");
  await migrate(db, { migrations, ...(schema === undefined ? {} : { schema }), now: deps.clock.now() }, signal);
  parts.move();
  return db;
}
