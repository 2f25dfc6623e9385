import { expect, test } from "vitest";
import { createBreaker } from "#lib/breaker.ts";

function openBreaker(threshold = 2) {
  let now = 0;
  const clock = { now: () => now, monotonicMs: () => now };
  const cooldown = { baseMs: 100, maxMs: 300, jitter: "none" } as const;
  return { breaker: createBreaker({ threshold, cooldown }, clock), pass: (ms: number) => (now += ms) };
}

test("breaker: lets everything pass until enough failures came in a row", () => {
  const { breaker } = openBreaker();
  breaker.failed();
  expect(breaker.pristine()).toBe(false);
  breaker.succeeded();
  expect(breaker.pristine()).toBe(true);
  breaker.failed();
  expect(breaker.admit()).toEqual({ kind: "pass" });
  breaker.failed();
  expect(breaker.state()).toBe("open");
  expect(breaker.admit()).toEqual({ kind: "wait", waitMs: 100 });
});

test("breaker: one probe after the cooldown; its success closes", () => {
  const { breaker, pass } = openBreaker(1);
  breaker.failed();
  pass(99);
  expect(breaker.admit()).toEqual({ kind: "wait", waitMs: 1 });
  pass(1);
  expect(breaker.admit()).toEqual({ kind: "probe" });
  expect(breaker.state()).toBe("half-open");
  expect(breaker.admit()).toEqual({ kind: "wait", waitMs: 100 });
  breaker.succeeded();
  expect(breaker.admit()).toEqual({ kind: "pass" });
});

test("breaker: each failed probe doubles the cooldown up to its limit, and success starts over", () => {
  const { breaker, pass } = openBreaker(1);
  const waits: number[] = [];
  breaker.failed();
  for (let probes = 0; probes < 4; probes += 1) {
    const admission = breaker.admit();
    if (admission.kind !== "wait") throw new Error(admission.kind);
    waits.push(admission.waitMs);
    pass(admission.waitMs);
    expect(breaker.admit()).toEqual({ kind: "probe" });
    breaker.failed();
  }
  expect(waits).toEqual([100, 200, 300, 300]);
  breaker.succeeded();
  breaker.failed();
  expect(breaker.admit()).toEqual({ kind: "wait", waitMs: 100 });
});

test("breaker: a probe without evidence may be repeated at once; without a probe nothing is abandoned", () => {
  const { breaker, pass } = openBreaker(1);
  breaker.abandoned();
  expect(breaker.state()).toBe("closed");
  breaker.failed();
  pass(100);
  breaker.admit();
  breaker.abandoned();
  expect(breaker.state()).toBe("open");
  expect(breaker.admit()).toEqual({ kind: "probe" });
});

test("breaker: new circumstances end the cooldown", () => {
  const { breaker } = openBreaker(1);
  breaker.probeNow();
  expect(breaker.admit()).toEqual({ kind: "pass" });
  breaker.failed();
  breaker.probeNow();
  expect(breaker.admit()).toEqual({ kind: "probe" });
});
