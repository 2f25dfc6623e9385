import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store } from "#store/store.ts";
import { instanceOf, range, type Rig, startRig, textOf } from "../pipeline/rig.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { type FaultyStore, faultyStore } from "./faulty-store.ts";

let faults: FaultyStore;
let receiver: Receiver;
let rig: Rig;
let store: Store;
const id = "A".repeat(32);

beforeEach(async () => {
  store = await openTestStore();
  faults = faultyStore(store);
  receiver = await startReceiver();
  await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
  rig = startRig(faults.store);
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const taken = () => receiver.taken.map(({ sequence }) => sequence);
const count = (state: "pending" | "delivered") => store.deliveries.count({ instanceId: id, state });

test("a page that cannot be read: what was taken before is not sent again", async () => {
  faults.before((method) => {
    // The next page is asked for while outcomes of this one are still gathering.
    if (method === "deliveries.pending" && receiver.taken.length > 0 && receiver.taken.length < 200) {
      throw new Error("disk error");
    }
  });
  await rig.record(
    id,
    range(1, 250).map((n) => textOf(n)),
  );
  await rig.time.until(async () => (await count("delivered")) === 250);
  expect(taken()).toEqual(range(1, 250));
});
