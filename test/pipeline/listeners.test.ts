import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { createFakeTime } from "../support/fake-time.ts";
import { startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, startRig, textOf } from "./rig.ts";

const id = "A".repeat(32);
afterEach(() => void vi.restoreAllMocks());

/** A composite signal with a listener is kept by its sources, and those of the dispatcher live as long as the process. */
test("lanes that open and close again leave no listener on any composite signal", async () => {
  const composites: AbortSignal[] = [];
  const any = AbortSignal.any.bind(AbortSignal);
  vi.spyOn(AbortSignal, "any").mockImplementation((signals) => {
    const made = any(signals);
    composites.push(made);
    return made;
  });
  await using store = await openTestStore();
  await using receiver = await startReceiver();
  await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
  const time = createFakeTime();
  await using rig = startRig(store, { time });
  const listening: number[] = [];
  for (const n of [1, 2, 3, 4, 5]) {
    await rig.record(id, [textOf(n)]);
    await time.until(() => receiver.taken.length === n);
    await time.until(() => rig.pipeline.stats().lanes === 0);
    listening.push(composites.filter((signal) => getEventListeners(signal, "abort").length > 0).length);
  }
  // Those that wait for the next event stay.
  expect(listening.slice(1)).toEqual(listening.slice(0, -1));
});
