import type { Clock } from "#lib/clock.ts";
import { type Log, silentLog } from "#lib/log.ts";
import type { Sealer } from "../store.ts";
import { createAuthState } from "./auth-state.ts";
import { createDatabaseCheck } from "./database-check.ts";
import type { DatabaseOptions } from "./database.ts";
import { openDatabase } from "./open-database.ts";
import type { SessionState } from "./session-state.ts";
import { pruneJournal, removeSessionRows } from "./session-rows.ts";

/** What an open database works with. */
export interface PostgresDeps {
  readonly clock: Clock;
  readonly log?: Log;
}

/** Where it is, and the key of what is sealed in it. */
export interface PostgresOptions extends DatabaseOptions {
  readonly sealer: Sealer;
}

/**
 * Opens Signal state and journal in a database of their own and brings its schema up to date (all tables are there, the
 * others stay empty). Throws like `openPostgresStore`, which opens it by itself when it is given `session`.
 */
export async function openPostgresAuthState(
  deps: PostgresDeps,
  options: PostgresOptions,
  signal: AbortSignal,
): Promise<SessionState> {
  const { clock, log = silentLog } = deps;
  const { sealer } = options;
  await using parts = new AsyncDisposableStack();
  const db = parts.use(await openDatabase({ clock, log }, options, signal));
  const check = createDatabaseCheck({ db, sealer, clock, log });
  await check.sameKey();
  await check.writable();
  await check.durable();
  const owned = parts.move();
  return {
    authState: createAuthState({ db, sealer }),
    remove: (instanceId) => removeSessionRows(db, instanceId),
    pruneJournal: (input) => pruneJournal(db, input),
    check: check.writable,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
