import Database from "better-sqlite3";
import { WazapiError } from "#domain/errors.ts";

const reasons: readonly (readonly [prefix: string, message: string])[] = [
  ["SQLITE_FULL", "the database cannot be written: the disk is full"],
  ["SQLITE_BUSY", "the database cannot be written: another process holds its lock"],
  ["SQLITE_LOCKED", "the database cannot be written: another process holds its lock"],
  ["SQLITE_READONLY", "the database cannot be written: the file is read-only"],
  ["SQLITE_PERM", "the database cannot be opened: permission denied"],
  ["SQLITE_CANTOPEN", "the database cannot be opened: check that its directory exists and is writable"],
  ["SQLITE_NOTADB", "the database cannot be opened: the file is not a SQLite database"],
  ["SQLITE_CORRUPT", "the database is damaged: restore a backup"],
  ["SQLITE_IOERR", "the database cannot be used: the disk reports an error"],
];

/** Whether SQLite reports this code or one of its extended forms. */
export function isSqliteError(error: unknown, code: string): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith(code);
}

/** The failure as callers see it: everything SQLite reports is `storage` with its code; other errors stay as they are. */
export function storageError(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  const message = reasons.find(([prefix]) => code.startsWith(prefix))?.[1];
  return new WazapiError("storage", {
    ...(message === undefined ? {} : { message }),
    details: { sqlite: code },
    cause: error,
  });
}
