import { expect, test } from "vitest";
import { createSlots } from "#lib/slots.ts";

const never = new AbortController().signal;

test("slots: who finds no place waits, first come first served", async () => {
  const slots = createSlots(1);
  const order: string[] = [];
  const first = await slots.take(never);
  const second = slots.take(never).then((giveBack) => (order.push("second"), giveBack));
  const third = slots.take(never).then((giveBack) => (order.push("third"), giveBack));
  first?.();
  first?.();
  (await second)?.();
  (await third)?.();
  expect(order).toEqual(["second", "third"]);
  expect(await slots.take(never)).toBeDefined();
});

test("slots: an abort ends the wait without a place and without losing one", async () => {
  const slots = createSlots(1);
  expect(await slots.take(AbortSignal.abort())).toBeUndefined();
  const first = await slots.take(never);
  const stop = new AbortController();
  const waiting = slots.take(stop.signal);
  stop.abort();
  expect(await waiting).toBeUndefined();
  first?.();
  expect(await slots.take(never)).toBeDefined();
});
