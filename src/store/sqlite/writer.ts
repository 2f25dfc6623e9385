import type { Database } from "better-sqlite3";
import { setImmediate as nextTurn } from "node:timers/promises";
import { WazapiError } from "#domain/errors.ts";
import { beginImmediate } from "./begin-immediate.ts";
import { storageError } from "./sqlite-errors.ts";

/** Limits of the group commit. */
export interface WriterOptions {
  /** Writes that may wait; above it `write` throws `storage` at once. */
  readonly maxWaiting: number;
  /** Writes of one transaction. */
  readonly maxBatch: number;
  /** Time after which a transaction takes no further write, so that the event loop gets its turn. */
  readonly maxBatchMs: number;
  /** How long a lock of another process is waited for before the waiting writes fail. */
  readonly lockWaitMs: number;
}

/** Runs writes. */
export interface Writer extends AsyncDisposable {
  /**
   * Runs `work` inside a transaction it may share with others and answers after the commit, so what was answered is on
   * disk. When `work` throws, its own statements are undone and nobody else's. `work` may run again when another one took
   * the whole transaction down (a full disk does), so it changes nothing but the database. Throws `storage` when the
   * transaction cannot be started or committed; then nothing of `work` is stored.
   */
  readonly write: <Result>(work: () => Result) => Promise<Result>;
}

interface Job {
  /** Runs the work; throws what it throws. */
  readonly run: () => void;
  readonly succeed: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Group commit: one connection, one fsync for all who wrote in the same turn of the event loop. Disposing commits what
 * waits; later writes throw `storage`.
 */
export function createWriter(
  deps: { readonly db: Database; readonly monotonicMs: () => number },
  options: WriterOptions,
): Writer {
  const { db } = deps;
  const savepoint = db.prepare("SAVEPOINT one");
  const release = db.prepare("RELEASE one");
  const undo = db.prepare("ROLLBACK TO one");
  const never = new AbortController().signal;
  const waiting: Job[] = [];
  let closed = false;
  let flushing: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      // Everybody who writes in this turn of the event loop gets into the same transaction.
      await nextTurn();
      try {
        await beginImmediate(db, options.lockWaitMs, never);
      } catch (error) {
        const failure = storageError(error);
        for (const job of waiting.splice(0)) job.fail(failure);
        continue;
      }
      commitBatch();
    }
    flushing = undefined;
  };

  const commitBatch = (): void => {
    const done: Job[] = [];
    const refused: (() => void)[] = [];
    try {
      const startedAt = deps.monotonicMs();
      while (waiting.length > 0 && done.length + refused.length < options.maxBatch) {
        if (deps.monotonicMs() - startedAt > options.maxBatchMs) break;
        const job = waiting.shift();
        if (job === undefined) break;
        try {
          runInSavepoint(job);
          done.push(job);
        } catch (error) {
          refused.push(() => job.fail(storageError(error)));
          if (db.inTransaction) continue;
          // SQLite has undone the others too; they have their turn again, without this one.
          waiting.unshift(...done.splice(0));
          break;
        }
      }
      if (db.inTransaction) db.exec("COMMIT");
    } catch (error) {
      rollBack(db);
      const failure = storageError(error);
      for (const job of done) job.fail(failure);
      for (const refuse of refused) refuse();
      return;
    }
    for (const job of done) job.succeed();
    for (const refuse of refused) refuse();
  };

  const runInSavepoint = (job: Job): void => {
    savepoint.run();
    try {
      job.run();
    } catch (error) {
      try {
        undo.run();
        release.run();
      } catch {
        // SQLite has ended the transaction already, or this does: half of a work must never be committed.
        rollBack(db);
      }
      throw error;
    }
    release.run();
  };

  return {
    write: (work) =>
      new Promise((resolve, reject) => {
        if (closed) throw new WazapiError("storage", { message: "the database is closed" });
        if (waiting.length >= options.maxWaiting) {
          throw new WazapiError("storage", {
            message: "the database cannot keep up: too many writes wait",
            details: { waiting: waiting.length },
          });
        }
        const answers: ReturnType<typeof work>[] = [];
        waiting.push({
          run: () => {
            answers[0] = work();
          },
          succeed: () => {
            for (const answer of answers) resolve(answer);
          },
          fail: reject,
        });
        flushing ??= flush();
      }),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await flushing;
    },
  };
}

function rollBack(db: Database): void {
  try {
    if (db.inTransaction) db.exec("ROLLBACK");
  } catch {
    // The connection is beyond use; the next transaction says why.
  }
}
