import { describe, expect, test } from "vitest";
import type { BreakerRow, Lane } from "#store/deliveries.ts";
import { addInstance, happening, range, t0, sharedStore, type StoreAdapter } from "./adapter.ts";
import { addEvents, claimLane, deliveryTools, hookUrl, leaseMs, settlementOf, settleRest } from "./delivery-tools.ts";

const closed: BreakerRow = { state: "closed", failures: 0, probeAt: 0, openedAt: 0 };

/** What every `DeliveryStore` keeps to about lanes. */
export function lanesContract(adapter: StoreAdapter): void {
  describe(`lanes on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claimed, instanceWith } = deliveryTools(store);

    test("claimLanes: a lane is hidden until its lease ends, and its token grows", async () => {
      const instanceId = await instanceWith(2);
      const first = await claimed(instanceId);
      expect(first).toMatchObject({ instanceId, url: hookUrl, leaseUntil: t0 + leaseMs, breaker: closed });
      expect(await claimLane(store(), { instanceId, owner: "other", now: t0 + leaseMs - 1 })).toBeUndefined();
      const second = await claimed(instanceId, t0 + leaseMs);
      expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
      expect(second.hookId).toBe(first.hookId);
    });

    test("claimLanes: nothing without a due pending delivery", async () => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      expect(await claimLane(store(), { instanceId, now: t0 })).toBeUndefined();
      await addEvents(store(), instanceId, 1, t0 + 100);
      expect(await claimLane(store(), { instanceId, now: t0 + 99 })).toBeUndefined();
      const lane = await claimed(instanceId, t0 + 100);
      const [delivery] = await store().deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(delivery!, { dueAt: t0 + 500, attempts: 1 })];
      await store().deliveries.settle({ lane, settlements, now: t0 + 100 });
      await store().deliveries.releaseLane({ lane, now: t0 + 100 });
      expect(await claimLane(store(), { instanceId, now: t0 + 499 })).toBeUndefined();
      const again = await claimed(instanceId, t0 + 500);
      await store().deliveries.settle({
        lane: again,
        settlements: [settlementOf(delivery!, { state: "delivered" })],
        now: t0 + 500,
      });
      await store().deliveries.releaseLane({ lane: again, now: t0 + 500 });
      expect(await claimLane(store(), { instanceId, now: t0 + 9_999_999 })).toBeUndefined();
    });

    test("claimLanes: dueBy counts what is due until then, and no lease that lives", async () => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      await addEvents(store(), instanceId, 1, t0 + 5_000);
      const claim = (dueBy: number) =>
        store().deliveries.claimLanes({ owner: "w", limit: 100, leaseMs, dueBy, now: t0 });
      const mine = async (dueBy: number) => (await claim(dueBy)).filter((lane) => lane.instanceId === instanceId);
      expect(await mine(t0 + 4_999)).toEqual([]);
      expect(await mine(t0 + 5_000)).toMatchObject([{ leaseUntil: t0 + leaseMs }]);
      expect(await mine(t0 + 1e9)).toEqual([]);
    });

    test("claimLanes: oldest work first, no more than asked for", async () => {
      await using own = await adapter.open();
      const instances: string[] = [];
      for (const age of [30, 10, 20, 40]) {
        const instanceId = await addInstance(own, { received: hookUrl });
        await addEvents(own, instanceId, 1, t0 - age);
        instances.push(instanceId);
      }
      const claim = (limit: number) => own.deliveries.claimLanes({ owner: "w", limit, leaseMs, now: t0 });
      const ids = (lanes: readonly Lane[]) => lanes.map((lane) => instances.indexOf(lane.instanceId));
      expect(ids(await claim(2)).toSorted()).toEqual([0, 3]);
      expect(ids(await claim(1))).toEqual([2]);
      expect(ids(await claim(5))).toEqual([1]);
      expect(await claim(5)).toEqual([]);
    });

    test("claimLanes: one lane per URL of an instance", async () => {
      const two = "https://example.com/two";
      const instanceId = await addInstance(store(), { received: hookUrl, receivedAndDelivery: two, delivery: hookUrl });
      const slots = ["received", "receivedAndDelivery", "delivery"] as const;
      await store().events.persist({ instanceId, events: [happening(1, { slots })], now: t0 });
      const lanes = await store().deliveries.claimLanes({ owner: "w", limit: 100, leaseMs, now: t0 });
      const mine = lanes.filter((lane) => lane.instanceId === instanceId);
      expect(mine.map((lane) => lane.url).toSorted()).toEqual([hookUrl, two].toSorted());
      expect(new Set(mine.map((lane) => lane.hookId)).size).toBe(2);
    });

    test("claimLanes: two workers at once never share a lane", async () => {
      await using own = await adapter.open();
      for (const _ of range(1, 12)) {
        await addEvents(own, await addInstance(own, { received: hookUrl }), 1);
      }
      const claims = await Promise.all(
        range(1, 6).map((n) => own.deliveries.claimLanes({ owner: `w${n}`, limit: 4, leaseMs, now: t0 })),
      );
      const rest = await own.deliveries.claimLanes({ owner: "last", limit: 100, leaseMs, now: t0 });
      const taken = [...claims.flat(), ...rest].map((lane) => lane.hookId);
      expect(taken).toHaveLength(12);
      expect(new Set(taken).size).toBe(12);
    });

    test("renewLane: moves the end; false when the lane was lost", async () => {
      const instanceId = await instanceWith(1);
      const lane = await claimed(instanceId);
      expect(await store().deliveries.renewLane({ lane, leaseMs, now: t0 + 8_000 })).toBe(true);
      expect(await claimLane(store(), { instanceId, now: t0 + leaseMs })).toBeUndefined();
      const next = await claimed(instanceId, t0 + 8_000 + leaseMs);
      expect(await store().deliveries.renewLane({ lane, leaseMs, now: t0 + 8_001 + leaseMs })).toBe(false);
      expect(await store().deliveries.renewLane({ lane: next, leaseMs, now: t0 + 8_001 + leaseMs })).toBe(true);
    });

    test("releaseLane: claimable at once while work is due; a lane that was lost stays with its new owner", async () => {
      const instanceId = await instanceWith(1);
      const first = await claimed(instanceId);
      await store().deliveries.releaseLane({ lane: first, now: t0 });
      expect(await store().deliveries.renewLane({ lane: first, leaseMs, now: t0 })).toBe(false);
      const second = await claimed(instanceId);
      await store().deliveries.releaseLane({ lane: first, now: t0 });
      expect(await claimLane(store(), { instanceId, now: t0 })).toBeUndefined();
      expect(await store().deliveries.renewLane({ lane: second, leaseMs, now: t0 })).toBe(true);
    });

    test("releaseOthers: frees lanes and queue claims of everybody else and answers how many", async () => {
      await using own = await adapter.open();
      const instances = [await addInstance(own, { received: hookUrl }), await addInstance(own, { received: hookUrl })];
      for (const instanceId of instances) {
        await addEvents(own, instanceId, 1);
        await own.queue.enqueue({
          message: {
            zaapId: `Z${instanceId}`,
            instanceId,
            messageId: `W${instanceId}`,
            outgoing: { to: "c", content: { kind: "text", text: "t" }, options: {} },
            dueAt: t0,
            typingMs: 0,
            createdAt: t0,
          },
          now: t0,
        });
      }
      const [mineId, otherId] = instances as [string, string];
      const [mine] = await own.deliveries.claimLanes({ owner: "me", limit: 1, leaseMs, now: t0 });
      await own.deliveries.claimLanes({ owner: "other", limit: 1, leaseMs, now: t0 });
      const sending = (await own.queue.claim({ instanceId: mineId, owner: "me", leaseMs, now: t0 }))!;
      const lost = (await own.queue.claim({ instanceId: otherId, owner: "other", leaseMs, now: t0 }))!;
      expect(await own.deliveries.releaseOthers({ owner: "me", now: t0 })).toBe(2);
      expect(await own.deliveries.renewLane({ lane: mine!, leaseMs, now: t0 })).toBe(true);
      expect(await own.deliveries.claimLanes({ owner: "me", limit: 5, leaseMs, now: t0 })).toHaveLength(1);
      expect(await own.queue.renew({ claim: sending, leaseMs, now: t0 })).toBe(true);
      expect(await own.queue.renew({ claim: lost, leaseMs, now: t0 })).toBe(false);
      expect((await own.queue.get({ instanceId: otherId, zaapId: lost.zaapId }))?.state).toBe("queued");
      expect((await own.queue.get({ instanceId: mineId, zaapId: sending.zaapId }))?.state).toBe("sending");
      const again = await own.queue.claim({ instanceId: otherId, owner: "me", leaseMs, now: t0 });
      expect(again).toMatchObject({ zaapId: lost.zaapId, messageId: lost.messageId, attempts: 0 });
      expect(again!.fencingToken).toBeGreaterThan(lost.fencingToken);
      expect(await own.deliveries.releaseOthers({ owner: "me", now: t0 })).toBe(0);
    });

    test("releaseOthers: with a dead owner only what that one held", async () => {
      await using own = await adapter.open();
      for (const owner of ["dead", "alive"]) {
        const instanceId = await addInstance(own, { received: hookUrl });
        await addEvents(own, instanceId, 1);
        expect(await own.deliveries.claimLanes({ owner, limit: 1, leaseMs, now: t0 })).toHaveLength(1);
      }
      expect(await own.deliveries.releaseOthers({ owner: "me", dead: "nobody", now: t0 })).toBe(0);
      expect(await own.deliveries.releaseOthers({ owner: "me", dead: "dead", now: t0 })).toBe(1);
      expect(await own.deliveries.claimLanes({ owner: "me", limit: 5, leaseMs, now: t0 })).toHaveLength(1);
    });

    test("nextDueAt: the earliest pending delivery of any unleased lane", async () => {
      await using own = await adapter.open();
      expect(await own.deliveries.nextDueAt({ now: t0 })).toBeUndefined();
      const [one, two] = [await addInstance(own, { received: hookUrl }), await addInstance(own, { received: hookUrl })];
      await addEvents(own, one, 1, t0 + 70);
      await addEvents(own, two, 1, t0 + 50);
      expect(await own.deliveries.nextDueAt({ now: t0 })).toBe(t0 + 50);
      const lane = (await claimLane(own, { instanceId: two, now: t0 + 50 }))!;
      expect(await own.deliveries.nextDueAt({ now: t0 + 50 })).toBe(t0 + 70);
      expect(await own.deliveries.nextDueAt({ now: t0 + 50 + leaseMs })).toBe(t0 + 50);
      const [delivery] = await own.deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(delivery!, { dueAt: t0 + 60 })];
      await own.deliveries.settle({ lane, settlements, now: t0 + 50 });
      await own.deliveries.releaseLane({ lane, now: t0 + 50 });
      expect(await own.deliveries.nextDueAt({ now: t0 + 50 })).toBe(t0 + 60);
    });

    test("lanes: backlog, age of the oldest and breaker", async () => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      await addEvents(store(), instanceId, 2, t0);
      await addEvents(store(), instanceId, 1, t0 + 5);
      const lane = await claimed(instanceId, t0 + 5);
      const breaker: BreakerRow = { state: "open", failures: 3, probeAt: t0 + 9, openedAt: t0 + 1 };
      const [first] = await store().deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(first!, { state: "delivered" })];
      await store().deliveries.settle({ lane, settlements, breaker, now: t0 + 5 });
      const lanes = await store().deliveries.lanes({ instanceId });
      expect(lanes).toEqual([{ instanceId, hookId: lane.hookId, url: hookUrl, pending: 2, oldestAt: t0, breaker }]);
      expect((await store().deliveries.lanes({})).map((each) => each.instanceId)).toContain(instanceId);
      await settleRest(store(), lane);
      const [empty] = await store().deliveries.lanes({ instanceId });
      expect(empty).toEqual({ instanceId, hookId: lane.hookId, url: hookUrl, pending: 0, breaker });
    });
  });
}
