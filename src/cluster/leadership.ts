import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { WazapiError } from "#domain/errors.ts";
import type { sleep } from "#lib/sleep.ts";

/** The right of one process to work in a data directory. Disposing gives it up. */
export interface Leadership extends AsyncDisposable {
  /** False when somebody removed or replaced the lock file: then a second leader is possible and this one should stop. */
  readonly stillHeld: () => boolean;
}

/** Where and how leadership is waited for. */
export interface LeadershipDeps {
  readonly sleep: typeof sleep;
  /** Called once when another process leads and this one becomes its standby. */
  readonly onStandby?: () => void;
}

const leaderFile = "leader.lock";
const standbyFile = "standby.lock";
// A standby takes over within this time after the leader's death, plus the time of one look.
const pollMs = 50;

/**
 * Waits until this process leads the directory. The lock is an exclusive transaction held open on a SQLite file: the
 * kernel frees it when the process dies, so there are no stale locks. Nothing else in the process may open and close
 * that file (on POSIX systems that would free the lock). Throws `unavailable` when the signal aborts first, `storage`
 * when the directory cannot be used.
 */
export async function acquireLeadership(
  deps: LeadershipDeps,
  input: { readonly dir: string },
  signal: AbortSignal,
): Promise<Leadership> {
  const lock = openLock(input.dir, leaderFile);
  try {
    for (let looks = 0; !signal.aborted; looks += 1) {
      if (lock.take()) return leadershipOf(lock);
      if (looks === 0) deps.onStandby?.();
      await deps.sleep(pollMs, signal);
    }
  } catch (error) {
    lock.close();
    throw error;
  }
  lock.close();
  throw new WazapiError("unavailable", { message: "stopped while waiting for the leadership" });
}

/** Leads the directory if nobody does; undefined while another process leads it. Throws `storage`. */
export function tryLeadership(input: { readonly dir: string }): Leadership | undefined {
  const lock = openLock(input.dir, leaderFile);
  try {
    if (lock.take()) return leadershipOf(lock);
  } catch (error) {
    lock.close();
    throw error;
  }
  lock.close();
  return undefined;
}

/**
 * Says that somebody waits to lead the directory, until disposed: the leader then leaves its port open until this one
 * has it. Of several standbys one says so. Throws `storage`.
 */
export function announceStandby(input: { readonly dir: string }): Disposable {
  const lock = openLock(input.dir, standbyFile);
  try {
    lock.take();
  } catch (error) {
    lock.close();
    throw error;
  }
  return { [Symbol.dispose]: lock.close };
}

/** Whether an announced standby waits, or has not arrived yet. Throws `storage`. */
export function hasStandby(input: { readonly dir: string }): boolean {
  const lock = openLock(input.dir, standbyFile);
  try {
    return !lock.take();
  } finally {
    lock.close();
  }
}

interface Lock {
  readonly path: string;
  /** Takes the lock without waiting. */
  readonly take: () => boolean;
  readonly close: () => void;
}

function openLock(dir: string, fileName: string): Lock {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, fileName);
    const db = new Database(path, { timeout: 0 });
    return { path, take: () => takeExclusive(db), close: () => db.close() };
  } catch (error) {
    throw unusable(dir, error);
  }
}

function takeExclusive(db: Database.Database): boolean {
  try {
    db.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) return false;
    throw unusable(db.name, error);
  }
}

function leadershipOf(lock: Lock): Leadership {
  const taken = inodeOf(lock.path);
  let open = true;
  return {
    stillHeld: () => open && taken !== undefined && inodeOf(lock.path) === taken,
    // Async only to be disposed like everything else: closing is immediate.
    [Symbol.asyncDispose]: async () => {
      if (open) lock.close();
      open = false;
    },
  };
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function unusable(where: string, cause: unknown): WazapiError {
  return new WazapiError("storage", { message: `the leader lock in ${where} cannot be used`, cause });
}
