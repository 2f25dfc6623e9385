import { expect, test } from "vitest";
import type { FurtherHook, HookSlot } from "#domain/instance.ts";
import { hookMoves } from "#store/hook-moves.ts";
import { auditOf, changedInstance } from "#store/instance-change.ts";
import { furtherHalf, type Hooked, maskOf } from "#store/slot-mask.ts";
import { hooksOf, storedHooks } from "#store/stored-hooks.ts";
import { newInstance, t0 } from "../contract/adapter.ts";

const [a, b, c, d] = ["https://a.test/", "https://b.test/", "https://c.test/", "https://d.test/"];
const further = (url: string, ...slots: readonly HookSlot[]): FurtherHook => ({ url, slots });
const delivery = furtherHalf(maskOf(["delivery"]));
const [received, both] = (["received", "receivedAndDelivery"] as const).map((slot) => furtherHalf(maskOf([slot])));

test.each<[string, readonly FurtherHook[], readonly FurtherHook[], readonly unknown[]]>([
  ["nothing changes", [further(a, "delivery")], [further(a, "delivery")], []],
  [
    "another order",
    [further(a, "delivery"), further(b, "delivery")],
    [further(b, "delivery"), further(a, "delivery")],
    [],
  ],
  ["one more", [further(a, "delivery")], [further(b, "delivery"), further(a, "delivery")], []],
  ["more slots", [further(a, "delivery")], [further(a, "delivery", "received")], []],
  [
    "the first goes",
    [further(a, "delivery"), further(b, "delivery")],
    [further(b, "delivery")],
    [{ bit: delivery, from: a }],
  ],
  [
    "the first goes and one more comes",
    [further(a, "delivery"), further(b, "delivery")],
    [further(b, "delivery"), further(c, "delivery")],
    [{ bit: delivery, from: a }],
  ],
  [
    "new URLs in the places of two of three",
    [further(a, "delivery"), further(b, "delivery"), further(c, "delivery")],
    [further(d, "delivery"), further(b, "delivery"), further("https://e.test/", "delivery")],
    [
      { bit: delivery, from: a, to: d },
      { bit: delivery, from: c, to: "https://e.test/" },
    ],
  ],
  [
    "a new URL for fewer slots",
    [further(a, "delivery", "received")],
    [further(b, "delivery")],
    [
      { bit: delivery, from: a, to: b },
      { bit: received, from: a },
      { bit: both, from: a },
    ],
  ],
  ["the other received slot", [further(a, "received")], [further(a, "receivedAndDelivery")], []],
  [
    "two change their slots",
    [further(a, "delivery"), further(b)],
    [further(b, "delivery"), further(a)],
    [{ bit: delivery, from: a }],
  ],
])("hookMoves, further hooks: %s", (_, before, after, expected) => {
  expect(hookMoves({ before: { hooks: {}, furtherHooks: before }, after: { hooks: {}, furtherHooks: after } })).toEqual(
    expected,
  );
});

test("hookMoves: a slot and a further hook of one URL go their own ways", () => {
  const before: Hooked = { hooks: { delivery: a }, furtherHooks: [further(a, "delivery")] };
  expect(hookMoves({ before, after: { ...before, hooks: { delivery: b } } })).toEqual([
    { bit: maskOf(["delivery"]), from: a, to: b },
  ]);
  expect(hookMoves({ before, after: { ...before, furtherHooks: [] } })).toEqual([{ bit: delivery, from: a }]);
});

test("the column: without further hooks it is what it was before there were any", () => {
  const hooks = { received: a };
  expect(storedHooks({ hooks, furtherHooks: [] })).toEqual(hooks);
  expect(hooksOf(hooks)).toEqual({ hooks, furtherHooks: [] });
  const hooked: Hooked = { hooks, furtherHooks: [further(b, "received")] };
  expect(hooksOf(storedHooks(hooked))).toEqual(hooked);
});

test("the audit has the list before and after", () => {
  const before = newInstance({ furtherHooks: [further(a, "delivery")] });
  const after = changedInstance(before, { furtherHooks: [further(b, "delivery")] }, t0 + 1);
  expect(auditOf(before, after)).toEqual({
    furtherHooks: { from: [further(a, "delivery")], to: [further(b, "delivery")] },
  });
  expect(auditOf(before, changedInstance(before, { furtherHooks: [further(a, "delivery")] }, t0 + 1))).toBeUndefined();
});
