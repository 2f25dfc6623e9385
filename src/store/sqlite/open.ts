import type { Database } from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { loadMigrations } from "../migrations.ts";
import type { Sealer, Store } from "../store.ts";
import { createAuthState } from "./auth-state.ts";
import type { SqliteContext } from "./context.ts";
import { createDatabaseCheck } from "./database-check.ts";
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
import { migrate } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";
import { createQueue } from "./queue.ts";
import { createRetention } from "./retention.ts";
import { storageError } from "./sqlite-errors.ts";
import { createWriter, type WriterOptions } from "./writer.ts";

/** What an open store works with. */
export interface SqliteStoreDeps {
  readonly clock: Clock;
  readonly log?: Log;
}

/** Where the store is, and its limits. */
export interface SqliteStoreOptions {
  /** The database file, made when it is missing, or `:memory:`. */
  readonly path: string;
  readonly sealer: Sealer;
  /** Limits of the group commit; what is left out keeps its default. */
  readonly writer?: Partial<WriterOptions>;
}

/** Limits of the group commit that fit a server: a turn of the event loop stays short, a burst fits. */
export const defaultWriterOptions: WriterOptions = {
  maxWaiting: 20_000,
  maxBatch: 1_000,
  maxBatchMs: 20,
  lockWaitMs: 5_000,
};

/**
 * Opens the store on one SQLite file, brings its schema up to date and goes on with what a crash cut off. Throws
 * `storage` with a sentence for the operator when the file cannot be written or another secret key sealed it, and
 * `newer_schema`. Disposing commits what waits and closes; all who use the store end before.
 */
export async function openSqliteStore(
  deps: SqliteStoreDeps,
  options: SqliteStoreOptions,
  signal: AbortSignal,
): Promise<Store> {
  const { clock, log = silentLog } = deps;
  await using parts = new AsyncDisposableStack();
  const db = parts.adopt(openDatabase(options.path), (open) => void open.close());
  await migrated(db, clock, signal);
  const writer = parts.use(
    createWriter({ db, monotonicMs: clock.monotonicMs }, { ...defaultWriterOptions, ...options.writer }),
  );
  const context: SqliteContext = {
    db,
    orm: drizzle(db),
    write: writer.write,
    read: createRead(db),
    sealer: options.sealer,
    clock,
  };
  const check = createDatabaseCheck(context);
  await check.sameKey();
  await check.writable();
  const removal = createInstanceRemoval(context);
  parts.use(resumeRemovals(removal.resume, log));
  const store = {
    instances: createInstances(context, removal),
    authState: createAuthState(context),
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
    check: check.writable,
  };
  const owned = parts.move();
  return { ...store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function migrated(db: Database, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await migrate(db, { migrations: loadMigrations("sqlite"), now: clock.now() }, signal);
  } catch (error) {
    throw storageError(error);
  }
}

function createRead(db: Database): SqliteContext["read"] {
  return async (query) => {
    if (!db.open) throw new WazapiError("storage", { message: "the database is closed" });
    try {
      return query();
    } catch (error) {
      throw storageError(error);
    }
  };
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
