import { expect, test } from "vitest";
import { orAborted } from "#lib/or-aborted.ts";

const never = new Promise<string>(() => {});

test("the work's value or failure while nothing aborts", async () => {
  const { signal } = new AbortController();
  expect(await orAborted(Promise.resolve("done"), signal)).toBe("done");
  await expect(orAborted(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
});

test("undefined once it aborts, before or meanwhile; a failure that comes later disturbs nobody", async () => {
  expect(await orAborted(never, AbortSignal.abort())).toBeUndefined();
  const stop = new AbortController();
  const { promise, reject } = Promise.withResolvers<string>();
  const result = orAborted(promise, stop.signal);
  stop.abort();
  expect(await result).toBeUndefined();
  // Would be reported as unhandled, and fail this run.
  reject(new Error("too late"));
  await new Promise((resolve) => setImmediate(resolve));
});
