import { array, assert, asyncProperty, boolean, constant, constantFrom, integer, oneof, record } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Delivery, Lane } from "#store/deliveries.ts";
import { addInstance, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { addEvents, settlementOf } from "./delivery-tools.ts";

const leaseMs = 1_000;
const urls = ["https://a.example.com/", "https://b.example.com/"];

const worker = integer({ min: 0, max: 2 });

/** One thing that happens around the lanes of an instance. */
const step = oneof(
  { weight: 3, arbitrary: record({ kind: constant("persist"), count: integer({ min: 1, max: 4 }) }) },
  { weight: 4, arbitrary: record({ kind: constant("claim"), worker }) },
  { weight: 5, arbitrary: record({ kind: constant("deliver"), worker, count: integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: record({ kind: constant("fail"), worker, waitMs: constantFrom(0, 600) }) },
  { weight: 1, arbitrary: record({ kind: constant("bury"), worker }) },
  { weight: 1, arbitrary: record({ kind: constant("revive") }) },
  { weight: 1, arbitrary: record({ kind: constant("release"), worker }) },
  { weight: 2, arbitrary: record({ kind: constant("wait"), ms: constantFrom(1, 700, 1_500) }) },
  { weight: 1, arbitrary: record({ kind: constant("move"), to: boolean() }) },
);

/** Order and fencing of the lanes under everything that can go wrong with those who deliver. */
export function laneOrderContract(adapter: StoreAdapter): void {
  describe(`lane order on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("whoever claims, dies, fails or comes late: one worker a lane, in sequence, none lost", async () => {
      await assert(
        asyncProperty(array(step, { minLength: 5, maxLength: 35 }), async (steps) => {
          const { deliveries, instances } = store();
          const instanceId = await addInstance(store(), { received: urls[0]! });
          const lanes = new Map<number, Lane>();
          /** The newest claim of each lane, and until when it counts. */
          const held = new Map<string, { token: number; until: number }>();
          let now = t0;
          let events = 0;
          const done = new Map<number, string[]>();

          const claim = async (who: number): Promise<void> => {
            const found = await deliveries.claimLanes({ owner: `w${who}`, limit: 100, leaseMs, now });
            for (const lane of found.filter((each) => each.instanceId === instanceId)) {
              const before = held.get(lane.hookId);
              expect(before === undefined || before.until <= now, "a lane with two workers").toBe(true);
              expect(lane.fencingToken).toBeGreaterThan(before?.token ?? 0);
              held.set(lane.hookId, { token: lane.fencingToken, until: lane.leaseUntil });
              lanes.set(who, lane);
            }
          };

          /** Writes what `change` makes of the first deliveries of the worker's lane. */
          const settle = async (who: number, count: number, change: (each: Delivery) => Partial<Delivery>) => {
            const lane = lanes.get(who);
            if (lane === undefined) return;
            const waiting = await deliveries.pending({ lane, limit: count });
            const sequences = waiting.map(({ event }) => event.sequence);
            expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
            const settlements = waiting.map((each) => {
              const { state, attempts, dueAt } = { ...each, ...change(each) };
              return settlementOf(each, { state, attempts, dueAt });
            });
            const written = await deliveries.settle({ lane, settlements, now });
            expect(written).toBe(held.get(lane.hookId)?.token === lane.fencingToken);
            if (!written) return;
            for (const [index, { state }] of settlements.entries()) {
              if (state !== "delivered") continue;
              const { event, url } = waiting[index]!;
              done.set(event.sequence, [...(done.get(event.sequence) ?? []), url]);
            }
          };

          const release = async (who: number): Promise<void> => {
            const lane = lanes.get(who);
            if (lane === undefined) return;
            await deliveries.releaseLane({ lane, now });
            lanes.delete(who);
            if (held.get(lane.hookId)?.token === lane.fencingToken)
              held.set(lane.hookId, { token: lane.fencingToken + 0.5, until: 0 });
          };

          for (const each of steps) {
            if (each.kind === "persist") {
              await addEvents(store(), instanceId, each.count, now);
              events += each.count;
            } else if (each.kind === "claim") await claim(each.worker);
            else if (each.kind === "deliver") await settle(each.worker, each.count, () => ({ state: "delivered" }));
            else if (each.kind === "fail") {
              await settle(each.worker, 1, ({ attempts }) => ({ attempts: attempts + 1, dueAt: now + each.waitMs }));
            } else if (each.kind === "bury") await settle(each.worker, 1, () => ({ state: "dead" }));
            else if (each.kind === "revive") await deliveries.revive({ instanceId, limit: 100, now });
            else if (each.kind === "release") await release(each.worker);
            else if (each.kind === "wait") now += each.ms;
            else await instances.setHooks({ instanceId, hooks: { received: urls[each.to ? 1 : 0]! }, now });
          }

          // Whoever was at work is dead now; somebody else finishes.
          await deliveries.revive({ instanceId, limit: 1_000, now });
          for (const _ of range(1, 4)) {
            now += 5_000;
            await claim(9);
            await settle(9, 100, () => ({ state: "delivered" }));
            await release(9);
          }
          expect([...done.keys()].toSorted((a, b) => a - b)).toEqual(range(1, events));
          expect([...done.values()].filter((places) => places.length !== 1)).toEqual([]);
          expect(await deliveries.count({ instanceId, state: "pending" })).toBe(0);
          const [newest] = await store().events.list({ instanceId, limit: 1 });
          expect(newest?.sequence ?? 0).toBe(events);
          await instances.delete({ instanceId });
        }),
        { numRuns: 50 },
      );
    });
  });
}
