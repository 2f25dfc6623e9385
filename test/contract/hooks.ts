import { describe, expect, test } from "vitest";
import type { HookSlot } from "#domain/instance.ts";
import { addInstance, happening, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { addEvents, claimLane, settlementOf } from "./delivery-tools.ts";

const [a, b, c] = ["https://a.example.com/", "https://b.example.com/", "https://c.example.com/"];

/** What happens to deliveries when the URLs of an instance change. */
export function hooksContract(adapter: StoreAdapter): void {
  describe(`hooks on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    type Hooks = NonNullable<Parameters<ReturnType<typeof store>["instances"]["setHooks"]>[0]["hooks"]>;
    const setHooks = (instanceId: string, hooks: Hooks, now = t0 + 100) =>
      store().instances.setHooks({ instanceId, hooks, now });
    /** Sequences that wait at each URL, in the order of the lane. */
    const waiting = async (instanceId: string) => {
      const found: Record<string, number[]> = {};
      const rows = await store().deliveries.list({ instanceId, state: "pending", limit: 1_000 });
      for (const { url, event } of rows.toSorted((x, y) => x.event.sequence - y.event.sequence)) {
        (found[url] ??= []).push(event.sequence);
      }
      return found;
    };
    const persist = (instanceId: string, ...slots: readonly (readonly HookSlot[])[]) =>
      store().events.persist({
        instanceId,
        events: slots.map((each, index) => happening(index + 1, { slots: each })),
        now: t0,
      });

    test("setHooks: merged slot by slot, null clears, settings come along", async () => {
      const instanceId = await addInstance(store(), { received: a, delivery: b });
      const settings = { notifySentByMe: true };
      const hooks = { received: null, connected: c };
      const after = await store().instances.setHooks({ instanceId, hooks, settings, now: t0 + 3 });
      expect(after.hooks).toEqual({ delivery: b, connected: c });
      expect(after.settings.notifySentByMe).toBe(true);
      expect(after.updatedAt).toBe(t0 + 3);
      expect(await store().instances.get({ instanceId })).toEqual(after);
    });

    test("a changed URL: what waits moves there in its order, with fresh attempts, due at once", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 3);
      const lane = (await claimLane(store(), { instanceId, now: t0 }))!;
      const [first] = await store().deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(first!, { attempts: 4, dueAt: t0 + 90_000, lastError: "500" })];
      await store().deliveries.settle({ lane, settlements, now: t0 });
      await store().deliveries.releaseLane({ lane, now: t0 });
      await setHooks(instanceId, { received: b });
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2, 3] });
      const moved = (await claimLane(store(), { instanceId, url: b, now: t0 + 100 }))!;
      const rows = await store().deliveries.pending({ lane: moved, limit: 10 });
      expect(rows.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
      expect(rows[0]).toMatchObject({ deliveryId: first!.deliveryId, attempts: 0, dueAt: t0 + 100 });
      expect(await claimLane(store(), { instanceId, url: a, now: t0 + 999_999 })).toBeUndefined();
    });

    test("a changed URL: what is delivered stays as it was, later events go to the new one", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 2);
      const lane = (await claimLane(store(), { instanceId, now: t0 }))!;
      const [first] = await store().deliveries.pending({ lane, limit: 1 });
      await store().deliveries.settle({ lane, settlements: [settlementOf(first!, { state: "delivered" })], now: t0 });
      await setHooks(instanceId, { received: b });
      await addEvents(store(), instanceId, 1, t0 + 100);
      expect(await waiting(instanceId)).toEqual({ [b]: [2, 3] });
      expect(await store().deliveries.get({ deliveryId: first!.deliveryId })).toMatchObject({ url: a });
    });

    test("a cleared slot: what waits for it is discarded", async () => {
      const instanceId = await addInstance(store(), { received: a, delivery: b });
      await persist(instanceId, ["received"], ["delivery"], ["received"]);
      await setHooks(instanceId, { received: null });
      expect(await waiting(instanceId)).toEqual({ [b]: [2] });
      const gone = await store().deliveries.list({ instanceId, state: "discarded", limit: 10 });
      expect(gone.map(({ event }) => event.sequence)).toEqual([3, 1]);
      expect(await claimLane(store(), { instanceId, url: a, now: t0 + 100 })).toBeUndefined();
    });

    test("a slot cleared and set again: what was discarded stays so", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 1);
      await setHooks(instanceId, { received: null });
      await setHooks(instanceId, { received: a });
      await addEvents(store(), instanceId, 1);
      expect(await waiting(instanceId)).toEqual({ [a]: [2] });
    });

    test("a cleared slot whose URL another slot names: what both wanted goes there still", async () => {
      const instanceId = await addInstance(store(), { received: a, receivedAndDelivery: a });
      await persist(instanceId, ["received"], ["received", "receivedAndDelivery"], ["receivedAndDelivery"]);
      await setHooks(instanceId, { received: null });
      expect(await waiting(instanceId)).toEqual({ [a]: [2, 3] });
    });

    test("one of two slots of a URL moves: events of both go to both", async () => {
      const instanceId = await addInstance(store(), { received: a, receivedAndDelivery: a });
      await persist(instanceId, ["received"], ["received", "receivedAndDelivery"], ["receivedAndDelivery"]);
      await setHooks(instanceId, { receivedAndDelivery: b });
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 2], [b]: [2, 3] });
    });

    test("a slot moves to a URL that has the event already: it goes there once", async () => {
      const instanceId = await addInstance(store(), { received: a, receivedAndDelivery: b });
      await persist(instanceId, ["received"], ["received", "receivedAndDelivery"], ["receivedAndDelivery"]);
      await setHooks(instanceId, { received: b });
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2, 3] });
    });

    test("two slots change places: each event still reaches the URLs of its slots", async () => {
      const instanceId = await addInstance(store(), { received: a, delivery: b });
      await persist(instanceId, ["received"], ["delivery"], ["received", "delivery"]);
      await setHooks(instanceId, { received: b, delivery: a });
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 3], [a]: [2, 3] });
    });

    test("every slot to one URL: each event once, in order", async () => {
      const instanceId = await addInstance(store(), { received: a, delivery: b, messageStatus: c });
      const slots: readonly HookSlot[] = ["received", "delivery", "messageStatus"];
      await persist(instanceId, slots, ["messageStatus"], slots, ["delivery"], ["received", "delivery"]);
      await setHooks(instanceId, { received: c, delivery: c });
      expect(await waiting(instanceId)).toEqual({ [c]: [1, 2, 3, 4, 5] });
    });

    test("the same URL again: nothing moves", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 2);
      const before = await store().deliveries.list({ instanceId, limit: 10 });
      await setHooks(instanceId, { received: a });
      expect(await store().deliveries.list({ instanceId, limit: 10 })).toEqual(before);
    });

    test("a change while a worker delivers: what it settles does not touch what has moved", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 2);
      const lane = (await claimLane(store(), { instanceId, now: t0 }))!;
      const held = await store().deliveries.pending({ lane, limit: 2 });
      await setHooks(instanceId, { received: b });
      const settlements = held.map((delivery) => settlementOf(delivery, { state: "dead", attempts: 5 }));
      await store().deliveries.settle({ lane, settlements, now: t0 + 101 });
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2] });
      expect(await store().deliveries.pending({ lane, limit: 10 })).toEqual([]);
    });

    test("the new lane begins with a closed breaker, the old one keeps its own", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 1);
      const lane = (await claimLane(store(), { instanceId, now: t0 }))!;
      const breaker = { state: "open" as const, failures: 7, probeAt: t0 + 9, openedAt: t0 };
      await store().deliveries.settle({ lane, settlements: [], breaker, now: t0 });
      await setHooks(instanceId, { received: b });
      const lanes = await store().deliveries.lanes({ instanceId });
      expect(lanes.find((each) => each.url === b)?.breaker.state).toBe("closed");
      expect(lanes.find((each) => each.url === a)?.breaker ?? breaker).toEqual(breaker);
    });

    test("dead letters of a moved slot are revived at the new URL", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 2);
      await bury(instanceId);
      await setHooks(instanceId, { received: b });
      expect(await store().deliveries.revive({ instanceId, limit: 10, now: t0 + 200 })).toBe(2);
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2] });
      expect(await claimLane(store(), { instanceId, url: b, now: t0 + 200 })).toBeDefined();
    });

    test("dead letters of a URL that nobody names any more stay dead", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 1);
      await bury(instanceId);
      await setHooks(instanceId, { received: null });
      expect(await store().deliveries.revive({ instanceId, limit: 10, now: t0 + 200 })).toBe(0);
      expect(await store().deliveries.count({ instanceId, state: "dead" })).toBe(1);
      await setHooks(instanceId, { received: a });
      expect(await store().deliveries.revive({ instanceId, limit: 10, now: t0 + 200 })).toBe(1);
    });

    test("a replay to a URL of its own is not a hook: a change leaves it alone", async () => {
      const instanceId = await addInstance(store(), { received: a });
      await addEvents(store(), instanceId, 1);
      await store().events.replay({ selector: { instanceId }, url: c, limit: 1, now: t0 });
      await setHooks(instanceId, { received: null });
      expect(await waiting(instanceId)).toEqual({ [c]: [1] });
    });

    test("a thousand waiting events move together", async () => {
      const instanceId = await addInstance(store(), { received: a });
      for (const _ of range(1, 2)) await addEvents(store(), instanceId, 500);
      await setHooks(instanceId, { received: b });
      expect(await waiting(instanceId)).toEqual({ [b]: range(1, 1_000) });
    });

    /** Makes everything that waits at `a` a dead letter. */
    async function bury(instanceId: string): Promise<void> {
      const lane = (await claimLane(store(), { instanceId, now: t0 }))!;
      const rows = await store().deliveries.pending({ lane, limit: 100 });
      const settlements = rows.map((delivery) => settlementOf(delivery, { state: "dead", attempts: 5 }));
      await store().deliveries.settle({ lane, settlements, now: t0 });
      await store().deliveries.releaseLane({ lane, now: t0 });
    }
  });
}
