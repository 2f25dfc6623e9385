import { expect, test } from "vitest";
import { type BatcherOptions, createBatcher } from "#lib/batcher.ts";
import { createFakeTime } from "../support/fake-time.ts";

const options: BatcherOptions = {
  maxItems: 5,
  maxBatch: 3,
  maxAgeMs: 0,
  retry: { baseMs: 100, maxMs: 1_000, jitter: "none" },
};

function rig(flush: (items: readonly number[]) => Promise<void>, given: Partial<BatcherOptions> = {}) {
  const time = createFakeTime();
  const stop = new AbortController();
  const failures: number[] = [];
  const batcher = createBatcher<number>(
    { flush, failed: (_, { failures: n }) => failures.push(n), sleep: time.sleep },
    { ...options, ...given },
    stop.signal,
  );
  return { time, stop, failures, batcher };
}

test("batcher: a burst becomes batches, in order", async () => {
  const batches: number[][] = [];
  const { batcher } = rig(async (items) => void batches.push([...items]));
  for (let n = 1; n <= 7; n += 1) void batcher.add(n);
  await batcher.drained();
  expect(batches).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(batcher.size()).toBe(0);
});

test("batcher: a full one asks for patience and never drops", async () => {
  const gate = Promise.withResolvers<void>();
  const stored: number[] = [];
  const { batcher } = rig(async (items) => {
    await gate.promise;
    stored.push(...items);
  });
  expect([1, 2, 3, 4].map((n) => batcher.add(n))).toEqual([undefined, undefined, undefined, undefined]);
  const waits = [5, 6].map((n) => batcher.add(n));
  expect(waits.every((wait) => wait instanceof Promise)).toBe(true);
  gate.resolve();
  await Promise.all(waits.filter((wait) => wait !== undefined));
  await batcher.drained();
  expect(stored).toEqual([1, 2, 3, 4, 5, 6]);
});

test("batcher: what could not be stored is tried again, with growing waits and in order", async () => {
  let left = 3;
  const stored: number[] = [];
  const { batcher, time, failures } = rig(async (items) => {
    if (left-- > 0) throw new Error("disk full");
    stored.push(...items);
  });
  void batcher.add(1);
  await time.settle();
  void batcher.add(2);
  await time.until(() => stored.length === 2);
  expect(stored).toEqual([1, 2]);
  expect(failures).toEqual([1, 2, 3]);
  expect(time.waits).toEqual([100, 200, 400]);
});

test("batcher: items wait for company as long as they may", async () => {
  const batches: number[][] = [];
  const { batcher, time } = rig(async (items) => void batches.push([...items]), { maxAgeMs: 50 });
  void batcher.add(1);
  await time.settle();
  void batcher.add(2);
  expect(batches).toEqual([]);
  time.advance(50);
  await batcher.drained();
  expect(batches).toEqual([[1, 2]]);
});

test("batcher: disposing stores what is held; an abort gives it up and frees who waits", async () => {
  const stored: number[] = [];
  const good = rig(async (items) => void stored.push(...items));
  void good.batcher.add(1);
  await good.batcher[Symbol.asyncDispose]();
  expect(stored).toEqual([1]);

  const bad = rig(() => Promise.reject(new Error("disk full")));
  for (let n = 1; n <= 4; n += 1) void bad.batcher.add(n);
  const wait = bad.batcher.add(5);
  await bad.time.settle();
  bad.stop.abort();
  await wait;
  await bad.batcher[Symbol.asyncDispose]();
  expect(bad.batcher.size()).toBe(5);
});
