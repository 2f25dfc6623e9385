import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Sealer } from "../store.ts";
import type { Database } from "./database.ts";
import type { SessionState } from "./session-state.ts";

/**
 * What every part of the Postgres store works with.
 *
 * Several processes write at once, so each transaction first locks the row that stands for what it changes, and reads
 * only afterwards: in read committed a statement sees what was committed before it began, and the wait for a lock lies
 * before the next statement. The order, for whoever takes several:
 *
 *     instance_counters (events, hooks, read model of an instance) → queue_lines (its queue) → lanes (by name) → the rest
 */
export interface PostgresContext {
  readonly db: Database;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Log;
  /** Signal state and journal, when they live in a database of their own. */
  readonly session: SessionState | undefined;
}
