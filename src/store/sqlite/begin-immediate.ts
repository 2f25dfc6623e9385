import type { Database } from "better-sqlite3";
import { sleep } from "#lib/sleep.ts";
import { isSqliteError } from "./sqlite-errors.ts";

const firstWaitMs = 5;
const longestWaitMs = 50;

/**
 * Starts a write transaction. While another process writes it tries again for `lockWaitMs` without blocking this
 * process, then throws SQLite's own `SQLITE_BUSY`.
 */
export async function beginImmediate(db: Database, lockWaitMs: number, signal: AbortSignal): Promise<void> {
  let waitMs = firstWaitMs;
  for (let waitedMs = 0; ; waitedMs += waitMs, waitMs = Math.min(longestWaitMs, waitMs * 2)) {
    try {
      db.exec("BEGIN IMMEDIATE");
      return;
    } catch (error) {
      if (!isSqliteError(error, "SQLITE_BUSY") || waitedMs >= lockWaitMs || signal.aborted) throw error;
    }
    await sleep(waitMs, signal);
  }
}
