import { afterEach, beforeEach } from "vitest";
import type { Lane } from "#store/deliveries.ts";
import type { Store } from "#store/store.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, type Rig, startRig, textOf } from "./rig.ts";

/** The one instance of a `DispatchWorld`. */
export const id = "A".repeat(32);

/** A store, a receiver and a pipeline for each test; a test may put another pipeline in place of `rig`. */
export interface DispatchWorld {
  store: Store;
  receiver: Receiver;
  rig: Rig;
  /** Texts with these numbers, in order. */
  readonly send: (first: number, last: number) => Promise<void>;
  /** Sequences of what the receiver took. */
  readonly taken: () => number[];
  readonly count: (state: "pending" | "dead" | "delivered") => Promise<number>;
  readonly breaker: () => Promise<Lane["breaker"] | undefined>;
}

/** Opens a world before each test of the file and closes it behind it. */
export function useDispatchWorld(): DispatchWorld {
  // Each test begins with all three in place.
  const world: DispatchWorld = Object.assign({} as Pick<DispatchWorld, "store" | "receiver" | "rig">, {
    send: (first: number, last: number) =>
      world.rig.record(
        id,
        range(first, last).map((n) => textOf(n)),
      ),
    taken: () => world.receiver.taken.map(({ sequence }) => sequence),
    count: (state: "pending" | "dead" | "delivered") => world.store.deliveries.count({ instanceId: id, state }),
    breaker: async () => (await world.store.deliveries.lanes({ instanceId: id }))[0]?.breaker,
  });
  beforeEach(async () => {
    world.store = await openTestStore();
    world.receiver = await startReceiver();
    await world.store.instances.create({ instance: instanceOf(id, { received: world.receiver.url }) });
    world.rig = startRig(world.store);
  });
  afterEach(async () => {
    await world.rig[Symbol.asyncDispose]();
    await world.receiver[Symbol.asyncDispose]();
    await world.store[Symbol.asyncDispose]();
  });
  return world;
}
