import { isWazapiError } from "#domain/errors.ts";

/** Codes of what no later try changes: the value itself does not fit, for its type, its size or a constraint. */
const lasting = {
  sqlite: /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG|RANGE)/,
  // WhatsApp lets people choose ids that no index takes: that is class 54.
  postgres: /^(?:22|23|54)/,
} as const;

/**
 * Why a write was refused when the same write will be refused again: the database's code, or the name of the error that
 * its driver or an encoder threw. Undefined for what passes: a full disk, a lock, a lost connection or lease.
 */
export function lastingRefusal(error: unknown): string | undefined {
  if (error instanceof TypeError || error instanceof RangeError) return error.name;
  if (!isWazapiError(error, "storage")) return undefined;
  for (const [database, codes] of Object.entries(lasting)) {
    const code = error.details[database];
    if (typeof code === "string" && codes.test(code)) return code;
  }
  return error.cause === undefined ? undefined : lastingRefusal(error.cause);
}
