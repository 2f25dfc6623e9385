import type { Database } from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import type { Clock } from "#lib/clock.ts";
import type { Sealer } from "../store.ts";
import type { Writer } from "./writer.ts";

/** What every part of the SQLite store works with. One connection: what is read inside a write sees that write. */
export interface SqliteContext {
  /**
   * For prepared statements: everything hot. Conditions and limits write their parameters with a plus (`= +@name`): SQLite
   * looks at the value of a bare one while it plans, and prepares the statement again for each other value, which costs
   * ten times the execution.
   */
  readonly db: Database;
  /** The same connection through drizzle: ordinary queries. */
  readonly orm: BetterSQLite3Database;
  /** Runs work in a (shared) transaction, see `Writer`. */
  readonly write: Writer["write"];
  /** Runs a query; failures of the database become `storage`. */
  readonly read: <Result>(query: () => Result) => Promise<Result>;
  readonly sealer: Sealer;
  readonly clock: Clock;
}
