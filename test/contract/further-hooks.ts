import { describe, expect, test } from "vitest";
import type { FurtherHook, Hooks, HookSlot } from "#domain/instance.ts";
import { addInstance, happening, newInstance, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { claimLane, settlementOf } from "./delivery-tools.ts";

const [a, b, c] = ["https://a.example.com/", "https://b.example.com/", "https://c.example.com/"];
const further = (url: string, ...slots: readonly HookSlot[]): FurtherHook => ({ url, slots });

/** What hooks beside those of the slots receive, and what becomes of it when they change. */
export function furtherHooksContract(adapter: StoreAdapter): void {
  describe(`further hooks on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const instanceWith = async (hooks: Hooks, ...furtherHooks: readonly FurtherHook[]): Promise<string> => {
      const instance = newInstance({ hooks, furtherHooks });
      await store().instances.create({ instance });
      return instance.id;
    };
    const setFurther = (instanceId: string, ...furtherHooks: readonly FurtherHook[]) =>
      store().instances.setHooks({ instanceId, furtherHooks, now: t0 + 100 });
    /** Stores one event for each list of slots. */
    const persist = (instanceId: string, ...slots: readonly (readonly HookSlot[])[]) =>
      store().events.persist({
        instanceId,
        events: slots.map((each, index) => happening(index + 1, { slots: each })),
        now: t0,
      });
    /** Sequences that wait at each URL, in the order of the lane. */
    const waiting = async (instanceId: string) => {
      const found: Record<string, number[]> = {};
      const rows = await store().deliveries.list({ instanceId, state: "pending", limit: 100 });
      for (const { url, event } of rows.toSorted((x, y) => x.event.sequence - y.event.sequence)) {
        (found[url] ??= []).push(event.sequence);
      }
      return found;
    };
    /** Makes all that waits at this URL a dead letter. */
    const bury = async (instanceId: string, url: string): Promise<void> => {
      const lane = (await claimLane(store(), { instanceId, url, now: t0 }))!;
      const rows = await store().deliveries.pending({ lane, limit: 100 });
      const settlements = rows.map((delivery) => settlementOf(delivery, { state: "dead", attempts: 5 }));
      await store().deliveries.settle({ lane, settlements, now: t0 });
      await store().deliveries.releaseLane({ lane, now: t0 });
    };

    test("they are kept in their order, replaced as a whole, and left alone by other changes", async () => {
      const instanceId = await addInstance(store(), { received: a });
      expect((await store().instances.get({ instanceId }))?.furtherHooks).toEqual([]);
      const two = [further(c, "delivery", "received"), further(b, "presenceChat")];
      const changed = await setFurther(instanceId, ...two);
      expect(changed).toMatchObject({ hooks: { received: a }, furtherHooks: two, updatedAt: t0 + 100 });
      await store().instances.setHooks({ instanceId, hooks: { received: b }, now: t0 });
      await store().instances.update({ instanceId, settings: { notifySentByMe: true }, now: t0 });
      const read = await store().instances.get({ instanceId });
      expect([read?.hooks, read?.furtherHooks]).toEqual([{ received: b }, two]);
      expect((await setFurther(instanceId, further(b, "received"))).furtherHooks).toEqual([further(b, "received")]);
      const none = await setFurther(instanceId);
      expect([none.hooks, none.furtherHooks]).toEqual([{ received: b }, []]);
      expect(await store().instances.get({ instanceId })).toEqual(none);
    });

    test("an event goes to the URL of its slot and to each further hook that lists it, in lanes of their own", async () => {
      const instanceId = await instanceWith(
        { received: a },
        further(b, "received", "delivery"),
        further(c, "delivery"),
      );
      await persist(instanceId, ["received"], ["delivery"], ["connected"], ["received"]);
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 4], [b]: [1, 2, 4], [c]: [2] });
      await bury(instanceId, a);
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2, 4], [c]: [2] });
      const lanes = await store().deliveries.lanes({ instanceId });
      expect(new Set(lanes.map(({ hookId }) => hookId)).size).toBe(3);
    });

    test("without any URL of a slot they receive all the same", async () => {
      const instanceId = await instanceWith({}, further(b, "received"));
      await persist(instanceId, ["received"], ["delivery"], ["receivedAndDelivery"]);
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 3] });
      const rows = await store().deliveries.list({ instanceId, limit: 10 });
      expect(rows.map(({ slot }) => slot)).toEqual(["receivedAndDelivery", "received"]);
    });

    test("a URL that a slot and a further hook name gets an event once", async () => {
      const instanceId = await instanceWith({ received: a, delivery: b }, further(a, "received", "delivery"));
      await persist(instanceId, ["received"], ["delivery"], ["received", "delivery"]);
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 2, 3], [b]: [2, 3] });
    });

    test("one that is gone: what waits for it is discarded, the others keep theirs", async () => {
      const instanceId = await instanceWith({ received: a }, further(b, "received"), further(c, "received"));
      await persist(instanceId, ["received"], ["received"]);
      await setFurther(instanceId, further(c, "received"));
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 2], [c]: [1, 2] });
      expect(await store().deliveries.count({ instanceId, state: "discarded" })).toBe(2);
      expect(await claimLane(store(), { instanceId, url: b, now: t0 + 100 })).toBeUndefined();
    });

    test("another URL in its place: what waits moves there in its order, with fresh attempts", async () => {
      const instanceId = await instanceWith({ received: a }, further(b, "received", "delivery"));
      await persist(instanceId, ["received"], ["delivery"], ["received"]);
      const lane = (await claimLane(store(), { instanceId, url: b, now: t0 }))!;
      const [first] = await store().deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(first!, { attempts: 4, dueAt: t0 + 90_000, lastError: "500" })];
      await store().deliveries.settle({ lane, settlements, now: t0 });
      await setFurther(instanceId, further(c, "received", "delivery"));
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 3], [c]: [1, 2, 3] });
      const moved = (await claimLane(store(), { instanceId, url: c, now: t0 + 100 }))!;
      const rows = await store().deliveries.pending({ lane: moved, limit: 10 });
      expect(rows.map(({ event, attempts, dueAt }) => [event.sequence, attempts, dueAt])).toEqual(
        [1, 2, 3].map((sequence) => [sequence, 0, t0 + 100]),
      );
    });

    test("fewer slots: what waits for the others is discarded", async () => {
      const instanceId = await instanceWith({}, further(b, "received", "delivery"));
      await persist(instanceId, ["received"], ["delivery"], ["received", "delivery"]);
      await setFurther(instanceId, further(b, "delivery"));
      expect(await waiting(instanceId)).toEqual({ [b]: [2, 3] });
    });

    test("the other name of what is received: nothing is lost", async () => {
      const instanceId = await instanceWith({}, further(b, "received"));
      await persist(instanceId, ["received"], ["receivedAndDelivery"]);
      await setFurther(instanceId, further(b, "receivedAndDelivery"));
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2] });
    });

    test("another order of the list: nothing moves", async () => {
      const instanceId = await instanceWith({}, further(a, "received"), further(b, "delivery"));
      await persist(instanceId, ["received"], ["delivery"]);
      const before = await store().deliveries.list({ instanceId, limit: 10 });
      await setFurther(instanceId, further(b, "delivery"), further(a, "received"));
      expect(await store().deliveries.list({ instanceId, limit: 10 })).toEqual(before);
    });

    test("a slot leaves a URL that a further hook names: the event goes to both", async () => {
      const instanceId = await instanceWith({ received: a }, further(a, "received"));
      await persist(instanceId, ["received"]);
      await store().instances.setHooks({ instanceId, hooks: { received: b }, now: t0 + 100 });
      expect(await waiting(instanceId)).toEqual({ [a]: [1], [b]: [1] });
      await store().instances.setHooks({ instanceId, hooks: { received: null }, now: t0 + 101 });
      expect(await waiting(instanceId)).toEqual({ [a]: [1] });
      await setFurther(instanceId);
      expect(await waiting(instanceId)).toEqual({});
    });

    test("a further hook leaves a URL that a slot names: the slot keeps its own", async () => {
      const instanceId = await instanceWith({ received: a }, further(a, "received", "delivery"));
      await persist(instanceId, ["received"], ["delivery"]);
      await setFurther(instanceId);
      expect(await waiting(instanceId)).toEqual({ [a]: [1] });
    });

    test("it moves to the URL of a slot: what waits there already goes there once", async () => {
      const instanceId = await instanceWith({ received: a }, further(b, "received", "delivery"));
      await persist(instanceId, ["received"], ["delivery"]);
      await setFurther(instanceId, further(a, "received", "delivery"));
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 2] });
    });

    test("dead letters of a further hook are revived while it is there", async () => {
      const instanceId = await instanceWith({}, further(b, "received"));
      await persist(instanceId, ["received"], ["received"]);
      await bury(instanceId, b);
      await setFurther(instanceId);
      const revive = () => store().deliveries.revive({ instanceId, limit: 10, now: t0 + 200 });
      expect(await revive()).toBe(0);
      await setFurther(instanceId, further(b, "received"));
      expect(await revive()).toBe(2);
      expect(await waiting(instanceId)).toEqual({ [b]: [1, 2] });
    });

    test("a replay goes to the further hooks of now, too", async () => {
      const instanceId = await instanceWith({ received: a });
      await persist(instanceId, ["received"], ["delivery"]);
      await setFurther(instanceId, further(b, "received", "delivery"));
      expect(await store().events.replay({ selector: { instanceId }, limit: 10, now: t0 + 200 })).toBe(3);
      expect(await waiting(instanceId)).toEqual({ [a]: [1, 1], [b]: [1, 2] });
    });
  });
}
