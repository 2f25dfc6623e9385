import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sleep, sleepUnless } from "#lib/sleep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

test("sleep: as long as it is told, and nothing is left on the signal", async () => {
  const { signal } = new AbortController();
  let isOver = false;
  const sleeping = sleep(1_000, signal).then(() => (isOver = true));
  await vi.advanceTimersByTimeAsync(999);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect([listeners(signal), vi.getTimerCount()]).toEqual([0, 0]);
});

test("sleep: an abort ends it early and leaves no timer; one that was aborted before does not wait", async () => {
  const controller = new AbortController();
  const sleeping = sleep(1_000, controller.signal);
  controller.abort();
  await sleeping;
  await sleep(1_000, controller.signal);
  await sleep(0, new AbortController().signal);
  expect(vi.getTimerCount()).toBe(0);
});

test("sleepUnless: the first of what it waits for ends it, a failure too, and nothing is left", async () => {
  const { signal } = new AbortController();
  const never = new Promise(() => {});
  await sleepUnless(1_000, [Promise.resolve(), never], signal);
  await expect(sleepUnless(1_000, [Promise.reject(new Error("broken")), never], signal)).rejects.toThrow("broken");
  expect([listeners(signal), vi.getTimerCount()]).toEqual([0, 0]);
});

test("sleepUnless: the time and the signal end it too", async () => {
  const controller = new AbortController();
  const never = new Promise(() => {});
  const first = sleepUnless(1_000, [never], controller.signal);
  await vi.advanceTimersByTimeAsync(1_000);
  await first;
  const second = sleepUnless(1_000, [never], controller.signal);
  controller.abort();
  await second;
  expect(vi.getTimerCount()).toBe(0);
});
