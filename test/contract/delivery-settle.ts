import { describe, expect, test } from "vitest";
import type { Attempt, BreakerRow, Delivery, Lane } from "#store/deliveries.ts";
import { range, t0, sharedStore, type StoreAdapter } from "./adapter.ts";
import { addEvents, deliveryTools, hookUrl, leaseMs, settlementOf, settleRest } from "./delivery-tools.ts";

const closed: BreakerRow = { state: "closed", failures: 0, probeAt: 0, openedAt: 0 };

/** What every `DeliveryStore` keeps to towards the claimer of a lane. */
export function deliverySettleContract(adapter: StoreAdapter): void {
  describe(`deliveries on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claimed, instanceWith, eventIdAt } = deliveryTools(store);

    test("pending: in sequence order, due or not, page by page", async () => {
      const instanceId = await instanceWith(7);
      const lane = await claimed(instanceId);
      const all = await store().deliveries.pending({ lane, limit: 100 });
      const settlements = [settlementOf(all[0]!, { dueAt: t0 + 900, attempts: 1, lastError: "500" })];
      await store().deliveries.settle({ lane, settlements, now: t0 + 1 });
      const first = await store().deliveries.pending({ lane, limit: 3 });
      expect(first.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
      expect(first[0]).toMatchObject({ dueAt: t0 + 900, attempts: 1, lastError: "500", updatedAt: t0 + 1 });
      const { event, deliveryId } = first.at(-1)!;
      const after = { sequence: event.sequence, deliveryId };
      const rest = await store().deliveries.pending({ lane, after, limit: 100 });
      expect(rest.map((each) => each.event.sequence)).toEqual([4, 5, 6, 7]);
    });

    test("pending: carries the event as it is stored", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      const [delivery] = await store().deliveries.pending({ lane, limit: 1 });
      const [event] = await store().events.list({ instanceId, limit: 1 });
      const { deliveryId: _deliveryId, ...rest } = delivery!;
      expect(rest).toEqual({
        instanceId,
        hookId: lane.hookId,
        slot: "received",
        url: hookUrl,
        state: "pending",
        attempts: 0,
        dueAt: t0,
        createdAt: t0,
        updatedAt: t0,
        event,
      });
    });

    test("pending: a replay takes the place of its event's sequence, behind the first delivery of it", async () => {
      const instanceId = await instanceWith(3);
      const [second] = await store().events.list({
        instanceId,
        limit: 1,
        eventIds: [await eventIdAt(instanceId, 2)],
      });
      await store().events.replay({ selector: { eventIds: [second!.eventId] }, limit: 1, now: t0 });
      const lane = await claimed(instanceId);
      const waiting = await store().deliveries.pending({ lane, limit: 10 });
      expect(waiting.map(({ event }) => event.sequence)).toEqual([1, 2, 2, 3]);
      const { event, deliveryId } = waiting[1]!;
      const after = { sequence: event.sequence, deliveryId };
      const rest = await store().deliveries.pending({ lane, after, limit: 10 });
      expect(rest.map((each) => each.deliveryId)).toEqual(waiting.slice(2).map((each) => each.deliveryId));
    });

    test("pending: no more than a hundred", async () => {
      const instanceId = await instanceWith(130);
      const lane = await claimed(instanceId);
      expect(await store().deliveries.pending({ lane, limit: 1_000 })).toHaveLength(100);
    });

    test("settle: outcomes, tries and the breaker together", async () => {
      const instanceId = await instanceWith(4);
      const lane = await claimed(instanceId);
      const [one, two, three, four] = await store().deliveries.pending({ lane, limit: 4 });
      const attempt: Attempt = { at: t0 + 1, durationMs: 12, status: 200, answer: "ok ✓", counted: true };
      const failed: Attempt = { at: t0 + 2, durationMs: 5_000, error: "timeout", counted: false };
      const breaker: BreakerRow = { state: "open", failures: 2, probeAt: t0 + 77, openedAt: t0 + 2 };
      const settled = await store().deliveries.settle({
        lane,
        settlements: [
          settlementOf(one!, { state: "delivered", attempts: 1, attempt }),
          settlementOf(two!, { attempts: 0, dueAt: t0 + 77, lastError: "timeout", attempt: failed }),
          settlementOf(three!, { state: "dead", attempts: 5, lastError: "500" }),
        ],
        breaker,
        now: t0 + 3,
      });
      expect(settled).toBe(true);
      const now = async (delivery: Delivery | undefined) =>
        store().deliveries.get({ deliveryId: delivery!.deliveryId });
      expect(await now(one)).toMatchObject({ state: "delivered", attempts: 1, updatedAt: t0 + 3 });
      expect(await now(two)).toMatchObject({ state: "pending", attempts: 0, dueAt: t0 + 77, lastError: "timeout" });
      expect(await now(three)).toMatchObject({ state: "dead", attempts: 5, lastError: "500" });
      expect(await now(four)).toEqual(four);
      expect(await store().deliveries.attempts({ deliveryId: one!.deliveryId })).toEqual([attempt]);
      expect(await store().deliveries.attempts({ deliveryId: two!.deliveryId })).toEqual([failed]);
      expect(await store().deliveries.attempts({ deliveryId: three!.deliveryId })).toEqual([]);
      await store().deliveries.releaseLane({ lane, now: t0 + 3 });
      const again = await claimed(instanceId, t0 + 3);
      expect(again.breaker).toEqual(breaker);
    });

    test("settle: the breaker stays when none is given", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      const breaker: BreakerRow = { state: "open", failures: 1, probeAt: t0 + 1, openedAt: t0 };
      await store().deliveries.settle({ lane, settlements: [], breaker, now: t0 });
      await store().deliveries.settle({ lane, settlements: [], now: t0 });
      const [row] = await store().deliveries.lanes({ instanceId });
      expect(row?.breaker).toEqual(breaker);
    });

    test("settle: a worker that lost its lane changes nothing", async () => {
      const instanceId = await instanceWith(2);
      const stale = await claimed(instanceId);
      const waiting = await store().deliveries.pending({ lane: stale, limit: 2 });
      const fresh = await claimed(instanceId, t0 + leaseMs);
      const write = (lane: Lane) =>
        store().deliveries.settle({
          lane,
          settlements: waiting.map((delivery) =>
            settlementOf(delivery, {
              state: "dead",
              attempts: 9,
              attempt: { at: t0, durationMs: 1, status: 500, counted: true },
            }),
          ),
          breaker: { state: "open", failures: 9, probeAt: t0, openedAt: t0 },
          now: t0 + leaseMs,
        });
      expect(await write(stale)).toBe(false);
      expect(await store().deliveries.pending({ lane: fresh, limit: 2 })).toEqual(waiting);
      expect(await store().deliveries.attempts({ deliveryId: waiting[0]!.deliveryId })).toEqual([]);
      expect((await store().deliveries.lanes({ instanceId }))[0]?.breaker).toEqual(closed);
      expect(await write(fresh)).toBe(true);
      expect(await write(stale)).toBe(false);
    });

    test("settle: false after the lane was given back", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      const [delivery] = await store().deliveries.pending({ lane, limit: 1 });
      await store().deliveries.releaseLane({ lane, now: t0 });
      const settlements = [settlementOf(delivery!, { state: "delivered" })];
      expect(await store().deliveries.settle({ lane, settlements, now: t0 })).toBe(false);
      expect((await store().deliveries.get({ deliveryId: delivery!.deliveryId }))?.state).toBe("pending");
    });

    test("settle: false for a removed instance", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      await store().instances.delete({ instanceId });
      expect(await store().deliveries.settle({ lane, settlements: [], now: t0 })).toBe(false);
      expect(await store().deliveries.renewLane({ lane, leaseMs, now: t0 })).toBe(false);
    });

    test("settle: what came meanwhile waits in the lane", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      await addEvents(store(), instanceId, 1, t0 + 5);
      await settleRest(store(), lane, 1);
      await store().deliveries.releaseLane({ lane, now: t0 + 6 });
      const next = await claimed(instanceId, t0 + 6);
      const waiting = await store().deliveries.pending({ lane: next, limit: 10 });
      expect(waiting.map(({ event }) => event.sequence)).toEqual([2]);
    });

    test("attempts: oldest first, over several owners of the lane", async () => {
      const instanceId = await instanceWith(1);
      const tries: Attempt[] = [];
      let deliveryId = 0;
      for (const n of range(1, 12)) {
        const lane = await claimed(instanceId);
        const [delivery] = await store().deliveries.pending({ lane, limit: 1 });
        const attempt: Attempt = { at: t0 + n, durationMs: n, status: 500 + n, counted: n % 2 === 0 };
        const settlements = [settlementOf(delivery!, { attempt })];
        await store().deliveries.settle({ lane, settlements, now: t0 });
        await store().deliveries.releaseLane({ lane, now: t0 });
        tries.push(attempt);
        ({ deliveryId } = delivery!);
      }
      expect(await store().deliveries.attempts({ deliveryId })).toEqual(tries);
    });
  });
}
