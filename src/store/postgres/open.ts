import { type Log, silentLog } from "#lib/log.ts";
import type { Store } from "../store.ts";
import { createAuthState } from "./auth-state.ts";
import type { PostgresContext } from "./context.ts";
import { createDatabaseCheck } from "./database-check.ts";
import type { DatabaseOptions } from "./database.ts";
import { createDeliveries } from "./deliveries.ts";
import { createDirectory } from "./directory.ts";
import { createEvents } from "./events.ts";
import { createInstanceRemoval } from "./instance-removal.ts";
import { createInstances } from "./instances.ts";
import { createChatLimits } from "./chat-limits.ts";
import { createLeases } from "./leases.ts";
import { createMediaFiles } from "./media-files.ts";
import { createMedia } from "./media.ts";
import { createMessages } from "./messages.ts";
import { openPostgresAuthState, type PostgresDeps, type PostgresOptions } from "./open-auth-state.ts";
import { openDatabase } from "./open-database.ts";
import { createQueue } from "./queue.ts";
import { createRetention } from "./retention.ts";

/** Where the store is. */
export interface PostgresStoreOptions extends PostgresOptions {
  /** Signal state and journal in a database of their own, sealed with the same key. */
  readonly session?: DatabaseOptions;
}

/**
 * Opens the store on a Postgres database, brings its schema up to date and goes on with what a crash cut off. Any
 * number of processes may have it open. Throws `storage` with a sentence for the operator when the database cannot be
 * reached or written or another secret key sealed it, and `newer_schema`. Disposing waits for what runs and closes; all
 * who use the store end before.
 */
export async function openPostgresStore(
  deps: PostgresDeps,
  options: PostgresStoreOptions,
  signal: AbortSignal,
): Promise<Store> {
  const { clock, log = silentLog } = deps;
  const { sealer } = options;
  await using parts = new AsyncDisposableStack();
  const db = parts.use(await openDatabase({ clock, log }, options, signal));
  const check = createDatabaseCheck({ db, sealer, clock, log });
  await check.sameKey();
  await check.writable();
  await check.durable();
  const session =
    options.session === undefined
      ? undefined
      : parts.use(await openPostgresAuthState({ clock, log }, { ...options.session, sealer }, signal));
  const context: PostgresContext = { db, sealer, clock, log, session };
  const removal = createInstanceRemoval(context);
  parts.use(resumeRemovals(removal.resume, log));
  const store = {
    instances: createInstances(context, removal),
    authState: session?.authState ?? createAuthState(context),
    events: createEvents(context),
    deliveries: createDeliveries(context),
    queue: createQueue(context),
    messages: createMessages(context),
    directory: createDirectory(context),
    chatLimits: createChatLimits(context),
    leases: createLeases(context),
    media: createMedia(context),
    mediaFiles: createMediaFiles(context),
    retention: createRetention(context),
    check: async () => {
      await check.writable();
      await session?.check();
    },
  };
  const owned = parts.move();
  return { ...store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Works on in the background; a start does not wait for it. */
function resumeRemovals(resume: (signal: AbortSignal) => Promise<void>, log: Log): AsyncDisposable {
  const stop = new AbortController();
  const done = resume(stop.signal).catch((error: unknown) => {
    log.warn({ component: "store", error }, "removal of instances not finished");
  });
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}
