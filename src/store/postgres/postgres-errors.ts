import { DrizzleQueryError } from "drizzle-orm";
import { DatabaseError } from "pg";
import { WazapiError } from "#domain/errors.ts";

/** Messages by the beginning of the SQLSTATE, the longer beginnings first. */
const serverReasons: readonly (readonly [prefix: string, message: string])[] = [
  ["28", "the database refuses the login: check user and password"],
  ["3D000", "the database cannot be opened: it does not exist"],
  ["3F000", "the database cannot be used: its schema does not exist"],
  ["42501", "the database cannot be used: permission denied"],
  ["53100", "the database cannot be written: its disk is full"],
  ["53300", "the database cannot be opened: it has too many connections already"],
  ["53", "the database cannot be used: it lacks resources"],
  ["55P03", "the database cannot be written: another process holds a lock for too long"],
  ["25P03", "the database gave up on this process: a transaction stood still for too long"],
  ["25006", "the database cannot be written: it is read-only (a replica?)"],
  ["57P03", "the database is starting up or shutting down"],
  ["57P", "the database closed the connection"],
  ["08", "the connection to the database is lost"],
  ["58", "the database cannot be used: its disk reports an error"],
  ["XX", "the database is damaged: restore a backup"],
];

/** Messages by the code of the operating system. */
const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the database cannot be reached: nothing listens at its address",
  ENOTFOUND: "the database cannot be reached: its host name is unknown",
  EAI_AGAIN: "the database cannot be reached: its host name cannot be looked up now",
  ETIMEDOUT: "the database cannot be reached: no answer in time",
  EHOSTUNREACH: "the database cannot be reached: no way to its host",
  ENETUNREACH: "the database cannot be reached: no way to its network",
};

/** SQLSTATE of a row that breaks a unique index. */
const uniqueViolation = "23505";

/** SQLSTATE of every statement behind one that failed. */
const failedTransaction = "25P02";

/** The server undid these to let others through; the same transaction may succeed at once. */
const conflicts: readonly string[] = ["40001", "40P01"];

/** What the driver threw, out of drizzle's wrapping. */
export function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

/** Whether the transaction lost against another one and can be run again. */
export function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && conflicts.includes(error.code ?? "");
}

/** Whether it only says that a statement before it, in the same transaction, has failed. */
export function isAftermath(error: unknown): boolean {
  const cause = driverError(error);
  return cause instanceof DatabaseError && cause.code === failedTransaction;
}

/** Whether a row exists already under this unique key. */
export function isTaken(error: unknown): boolean {
  const cause = driverError(error);
  return cause instanceof DatabaseError && cause.code === uniqueViolation;
}

/**
 * The failure of a statement or a connection as callers see it: `storage`, with the server's or the system's code.
 * What the server quotes of the rows is taken out of the cause, so that no content reaches a log.
 */
export function storageError(error: unknown): WazapiError {
  if (error instanceof WazapiError) return error;
  const code = codeOf(error);
  if (error instanceof DatabaseError) {
    error.detail = undefined;
    error.where = undefined;
    const message = serverReasons.find(([prefix]) => code.startsWith(prefix))?.[1];
    return failure({ message, code }, error);
  }
  return failure({ message: networkReasons[code] ?? "the connection to the database is lost", code }, error);
}

function failure(reason: { readonly message: string | undefined; readonly code: string }, cause: unknown): WazapiError {
  return new WazapiError("storage", {
    ...(reason.message === undefined ? {} : { message: reason.message }),
    ...(reason.code === "" ? {} : { details: { postgres: reason.code } }),
    cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
