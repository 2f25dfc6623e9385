import { expect, test } from "vitest";

import type { Instance } from "#domain/instance.ts";
import { createInstanceCache } from "#http/instance-cache.ts";

/** A cache over a store that counts and can be held up. */
function cached(options: { maxAgeMs: number; maxInstances: number }) {
  const clock = { atMs: 0, now: () => 0, monotonicMs: () => clock.atMs };
  const state = { reads: 0, name: "first", hold: Promise.resolve() };
  const get = async ({ instanceId }: { instanceId: string }) => {
    state.reads += 1;
    const { name } = state;
    await state.hold;
    // Only these fields are read here.
    return instanceId === "unknown" ? undefined : ({ id: instanceId, token: "t", name } as Instance);
  };
  return { clock, state, cache: createInstanceCache({ instances: { get }, clock }, options) };
}

test("get: one read per instance and age", async () => {
  const { cache, clock, state } = cached({ maxAgeMs: 1000, maxInstances: 10 });
  await Promise.all([cache.get("a"), cache.get("a")]);
  clock.atMs += 999;
  await cache.get("a");
  expect(state.reads).toBe(1);
  clock.atMs += 1;
  await cache.get("a");
  expect(state.reads).toBe(2);
});

test("get: unknown ids are not remembered, and the oldest leaves when it is full", async () => {
  const { cache, state } = cached({ maxAgeMs: 1000, maxInstances: 2 });
  await cache.get("unknown");
  await cache.get("unknown");
  expect(state.reads).toBe(2);
  for (const id of ["a", "b", "c", "b", "c"]) await cache.get(id);
  expect(state.reads).toBe(5);
  await cache.get("a");
  expect(state.reads).toBe(6);
});

test("forget: a change during a read is not hidden by the old answer", async () => {
  const { cache, state } = cached({ maxAgeMs: 1000, maxInstances: 2 });
  const held = Promise.withResolvers<void>();
  state.hold = held.promise;
  const stale = cache.get("a");
  state.name = "second";
  cache.forget("a");
  state.hold = Promise.resolve();
  expect((await cache.get("a"))?.instance.name).toBe("second");
  held.resolve();
  expect((await stale)?.instance.name).toBe("first");
  expect((await cache.get("a"))?.instance.name).toBe("second");
});
