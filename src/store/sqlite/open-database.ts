import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { WazapiError } from "#domain/errors.ts";
import { storageError } from "./sqlite-errors.ts";

/** How long SQLite itself may spin on a lock: it blocks the event loop meanwhile, so the patient waiting is done above it. */
const spinMs = 10;
const journalSizeLimitBytes = 64 * 1024 * 1024;
const cacheKibibytes = 16 * 1024;

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file and not a directory",
  EEXIST: "a part of the path is a file and not a directory",
  EISDIR: "it is a directory and not a file",
  ENAMETOOLONG: "the path is too long",
};

/**
 * Opens the database file, making it and its directory (for this user only) when they are missing; `:memory:` opens one
 * that lives as long as the connection. Every commit is on disk when it is answered. Throws `storage`; the caller closes.
 */
export function openDatabase(path: string): Database.Database {
  if (path !== ":memory:") makeFile(path);
  const db = connect(path);
  try {
    setUp(db, path);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function connect(path: string): Database.Database {
  try {
    return new Database(path, { timeout: spinMs });
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function setUp(db: Database.Database, path: string): void {
  try {
    const mode = db.pragma("journal_mode = WAL", { simple: true });
    if (path !== ":memory:" && mode !== "wal") {
      throw new WazapiError("storage", {
        message: `the database ${path} cannot be used: its file system has no shared memory (a network share?)`,
        details: { journalMode: mode },
      });
    }
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.pragma("trusted_schema = OFF");
    db.pragma("temp_store = MEMORY");
    db.pragma(`cache_size = -${cacheKibibytes}`);
    db.pragma(`journal_size_limit = ${journalSizeLimitBytes}`);
  } catch (error) {
    throw storageError(error);
  }
}

function unusable(path: string, cause: unknown): WazapiError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : "unknown reason");
  return new WazapiError("storage", {
    message: `the database ${path} cannot be opened: ${reason}`,
    details: { path, ...(code === "" ? {} : { code }) },
    cause,
  });
}
