import { expect, test } from "vitest";

import { createRateLimit } from "#http/rate-limit.ts";

function limited(options: { perSecond: number; burst: number; maxTokens: number }) {
  const clock = { atMs: 0, now: () => 0, monotonicMs: () => clock.atMs };
  return { clock, limit: createRateLimit(clock, options) };
}

test("take: a burst passes, then one call per refill", () => {
  const { clock, limit } = limited({ perSecond: 10, burst: 3, maxTokens: 10 });
  expect([1, 2, 3, 4].map(() => limit.take("a"))).toEqual([0, 0, 0, 1]);
  clock.atMs += 99;
  expect(limit.take("a")).toBe(1);
  clock.atMs += 1;
  expect([limit.take("a"), limit.take("a")]).toEqual([0, 1]);
});

test("take: says how long a slow token has to wait", () => {
  const { limit } = limited({ perSecond: 0.1, burst: 1, maxTokens: 10 });
  expect([limit.take("a"), limit.take("a")]).toEqual([0, 10]);
});

test("take: tokens do not share, and the one idle longest is forgotten first", () => {
  const { limit } = limited({ perSecond: 1, burst: 1, maxTokens: 2 });
  expect([limit.take("a"), limit.take("b")]).toEqual([0, 0]);
  expect(limit.take("a")).toBe(1);
  // A third token pushes out "b", which was used longest ago; "a" is still remembered.
  expect(limit.take("c")).toBe(0);
  expect(limit.take("a")).toBe(1);
  expect(limit.take("b")).toBe(0);
});
