import type { Delivery, Lane, Settlement } from "#store/deliveries.ts";
import type { Store } from "#store/store.ts";
import { addInstance, happening, range, t0 } from "./adapter.ts";

/** The URL of these tests' instances. */
export const hookUrl = "https://example.com/hook";

/** How long a lane of these tests is held. */
export const leaseMs = 10_000;

/** Stores `count` happenings of one instance, for its `received` slot. */
export async function addEvents(store: Store, instanceId: string, count: number, now = t0): Promise<void> {
  const last = (await store.events.list({ instanceId, limit: 1 }))[0]?.sequence ?? 0;
  const events = range(last + 1, last + count).map((n) => happening(n));
  await store.events.persist({ instanceId, events, now });
}

/** The lane of this instance (and URL), claimed; undefined when it cannot be. Other lanes are given back. */
export async function claimLane(
  store: Store,
  input: { instanceId: string; url?: string; owner?: string; now: number },
): Promise<Lane | undefined> {
  const { instanceId, owner = "worker", now } = input;
  const lanes = await store.deliveries.claimLanes({ owner, limit: 100, leaseMs, now });
  const mine = lanes.find((lane) => lane.instanceId === instanceId && (input.url ?? lane.url) === lane.url);
  for (const lane of lanes) if (lane !== mine) await store.deliveries.releaseLane({ lane, now });
  return mine;
}

/** What becomes of a delivery, with what it had for the rest. */
export function settlementOf(delivery: Delivery, over: Partial<Settlement>): Settlement {
  const { deliveryId, state, attempts, dueAt } = delivery;
  return { deliveryId, state, attempts, dueAt, ...over };
}

/** Delivers what waits in a claimed lane, at most `limit`. */
export async function settleRest(store: Store, lane: Lane, limit = 100): Promise<void> {
  const waiting = await store.deliveries.pending({ lane, limit });
  const settlements = waiting.map((delivery) => settlementOf(delivery, { state: "delivered", attempts: 1 }));
  await store.deliveries.settle({ lane, settlements, now: t0 });
}

/** Short forms of what the tests of deliveries do all the time. */
export function deliveryTools(store: () => Store) {
  const claimed = async (instanceId: string, now = t0): Promise<Lane> => {
    const lane = await claimLane(store(), { instanceId, now });
    if (lane === undefined) throw new Error("the lane was not there to claim");
    return lane;
  };
  return {
    claimed,
    /** A new instance with so many events waiting. */
    instanceWith: async (count: number): Promise<string> => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      await addEvents(store(), instanceId, count);
      return instanceId;
    },
    /** Settles the first deliveries of a lane with these states, in order. */
    settleAs: async (instanceId: string, ...states: readonly Delivery["state"][]): Promise<void> => {
      const lane = await claimed(instanceId);
      const waiting = await store().deliveries.pending({ lane, limit: states.length });
      const settlements = waiting.map((delivery, index) =>
        settlementOf(delivery, { state: states[index]!, attempts: 5, lastError: `error ${index + 1}` }),
      );
      await store().deliveries.settle({ lane, settlements, now: t0 + 50 });
      await store().deliveries.releaseLane({ lane, now: t0 + 50 });
    },
    eventIdAt: async (instanceId: string, sequence: number): Promise<string> => {
      const rows = await store().events.list({ instanceId, limit: 1_000 });
      return rows.find((row) => row.sequence === sequence)!.eventId;
    },
  };
}
