import { expect, test } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { lastingRefusal } from "#store/lasting-refusal.ts";

const storage = (details: Record<string, unknown>, cause?: unknown) => new WazapiError("storage", { details, cause });

test.each(["SQLITE_CONSTRAINT", "SQLITE_CONSTRAINT_DATATYPE", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_RANGE"])(
  "%s stays",
  (sqlite) => {
    expect(lastingRefusal(storage({ sqlite }))).toBe(sqlite);
  },
);

test.each(["22003", "22021", "22P02", "23502", "23505", "54000"])("SQLSTATE %s stays", (postgres) => {
  expect(lastingRefusal(storage({ postgres }))).toBe(postgres);
});

test.each([
  ["a value that no driver binds", new TypeError("no"), "TypeError"],
  ["one that an encoder refuses", storage({}, new RangeError("no")), "RangeError"],
])("%s stays", (_, error, reason) => {
  expect(lastingRefusal(error)).toBe(reason);
});

test.each([
  ...["SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_CORRUPT"].map(
    (sqlite) => storage({ sqlite }),
  ),
  ...["08006", "25P02", "25006", "40001", "42P01", "53100", "55P03", "57014", "57P01", "58030", "ECONNRESET"].map(
    (postgres) => storage({ postgres }),
  ),
  storage({}),
  storage({}, new Error("socket hang up")),
  new WazapiError("lease_lost"),
  new WazapiError("instance_not_found", { cause: new TypeError("no") }),
  new Error("what nobody knows"),
])("what may pass does not stay: %o", (error) => {
  expect(lastingRefusal(error)).toBeUndefined();
});
