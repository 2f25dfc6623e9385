import { describe, expect, test } from "vitest";
import type { Store } from "#store/store.ts";
import { addInstance, happening, t0, sharedStore, type StoreAdapter } from "./adapter.ts";
import { claimLane, deliveryTools, hookUrl } from "./delivery-tools.ts";

/** What every `DeliveryStore` keeps to towards operators; `hooksContract` has what a change of URLs does. */
export function deadLettersContract(adapter: StoreAdapter): void {
  describe(`delivery lists and dead letters on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claimed, instanceWith, settleAs, eventIdAt } = deliveryTools(store);

    test("get: undefined for what is unknown", async () => {
      expect(await store().deliveries.get({ deliveryId: 2 ** 40 })).toBeUndefined();
      expect(await store().deliveries.attempts({ deliveryId: 2 ** 40 })).toEqual([]);
    });

    test("list, count: newest first, every given part of the filter", async () => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      const types = ["A", "B", "A", "A"];
      const events = types.map((type, index) => happening(index + 1, { type }));
      await store().events.persist({ instanceId, events, now: t0 });
      await settleAs(instanceId, "delivered", "dead", "dead");
      const eventId = await eventIdAt(instanceId, 3);
      const cases = [
        [{}, [4, 3, 2, 1]],
        [{ state: "pending" }, [4]],
        [{ state: "delivered" }, [1]],
        [{ state: "dead" }, [3, 2]],
        [{ state: "discarded" }, []],
        [{ type: "A" }, [4, 3, 1]],
        [{ state: "dead", type: "A" }, [3]],
        [{ eventId }, [3]],
        [{ eventId, state: "delivered" }, []],
      ] as const;
      for (const [filter, expected] of cases) {
        const rows = await store().deliveries.list({ instanceId, ...filter, limit: 10 });
        expect([filter, rows.map(({ event }) => event.sequence)]).toEqual([filter, expected]);
        expect(await store().deliveries.count({ instanceId, ...filter })).toBe(expected.length);
      }
      const [newest, next] = await store().deliveries.list({ instanceId, limit: 2 });
      const before = next!.deliveryId;
      const rest = await store().deliveries.list({ instanceId, before, limit: 10 });
      expect(rest.map(({ event }) => event.sequence)).toEqual([2, 1]);
      const page = await store().deliveries.list({ instanceId, limit: 2, offset: 1 });
      expect(page.map(({ event }) => event.sequence)).toEqual([3, 2]);
      expect(await store().deliveries.get({ deliveryId: newest!.deliveryId })).toEqual(newest);
    });

    test("stats: counters per state, and of dead letters per type and last error", async () => {
      const instanceId = await addInstance(store(), { received: hookUrl });
      const types = ["A", "A", "B", "A", "A", "A"];
      const events = types.map((type, index) => happening(index + 1, { type }));
      await store().events.persist({ instanceId, events, now: t0 });
      await settleAs(instanceId, "dead", "dead", "dead", "delivered");
      await store().deliveries.discard({ instanceId, eventId: await eventIdAt(instanceId, 2), limit: 1, now: t0 });
      const stats = await store().deliveries.stats({ instanceId });
      expect(stats.byState).toMatchObject({ pending: 2, delivered: 1, dead: 2, discarded: 1 });
      expect(stats.deadByType).toEqual({ A: 1, B: 1 });
      expect(stats.deadByError).toEqual({ "error 1": 1, "error 3": 1 });
      const empty = await store().deliveries.stats({ instanceId: await addInstance(store()) });
      expect(Object.values(empty.byState).every((count) => count === 0)).toBe(true);
      expect([empty.deadByType, empty.deadByError]).toEqual([{}, {}]);
    });

    test("revive: dead letters wait again in their place with fresh attempts", async () => {
      const instanceId = await instanceWith(4);
      await settleAs(instanceId, "dead", "delivered", "dead");
      expect(await store().deliveries.revive({ instanceId, limit: 100, now: t0 + 99 })).toBe(2);
      const lane = await claimed(instanceId, t0 + 99);
      const waiting = await store().deliveries.pending({ lane, limit: 10 });
      expect(waiting.map(({ event }) => event.sequence)).toEqual([1, 3, 4]);
      expect(waiting[0]).toMatchObject({ state: "pending", attempts: 0, dueAt: t0 + 99, updatedAt: t0 + 99 });
      expect(waiting[0]!.lastError).toBeUndefined();
      expect(await store().deliveries.revive({ instanceId, limit: 100, now: t0 + 99 })).toBe(0);
    });

    test("revive: makes its lane due when nothing else waits there", async () => {
      const instanceId = await instanceWith(1);
      await settleAs(instanceId, "dead");
      expect(await claimLane(store(), { instanceId, now: t0 + 60 })).toBeUndefined();
      await store().deliveries.revive({ instanceId, limit: 1, now: t0 + 60 });
      expect(await claimLane(store(), { instanceId, now: t0 + 60 })).toBeDefined();
    });

    test.each(["revive", "discard"] as const)(
      "%s: by id, by event, by instance, oldest up to the limit",
      async (verb) => {
        const [instanceId, other] = [await instanceWith(6), await instanceWith(6)];
        for (const each of [instanceId, other]) await settleAs(each, "dead", "dead", "dead", "dead", "dead");
        const run = (input: Omit<Parameters<Store["deliveries"]["revive"]>[0], "now" | "limit">, limit = 100) =>
          store().deliveries[verb]({ ...input, limit, now: t0 + 60 });
        const dead = async (of: string) =>
          (await store().deliveries.list({ instanceId: of, state: "dead", limit: 10 }))
            .map(({ event }) => event.sequence)
            .toSorted((a, b) => a - b);
        const rows = await store().deliveries.list({ instanceId, limit: 10 });
        const idOf = (sequence: number) => rows.find(({ event }) => event.sequence === sequence)!.deliveryId;
        // The sixth is pending and the seventh does not exist: neither is a dead letter.
        expect(await run({ deliveryIds: [idOf(5), idOf(6), 2 ** 40] })).toBe(1);
        expect(await dead(instanceId)).toEqual([1, 2, 3, 4]);
        expect(await run({ instanceId: other, deliveryIds: [idOf(4)] })).toBe(0);
        expect(await run({ eventId: await eventIdAt(instanceId, 4) })).toBe(1);
        expect(await dead(instanceId)).toEqual([1, 2, 3]);
        expect(await run({ instanceId }, 2)).toBe(2);
        expect(await dead(instanceId)).toEqual([3]);
        expect(await run({ deliveryIds: [] })).toBe(0);
        expect(await dead(other)).toEqual([1, 2, 3, 4, 5]);
      },
    );

    test("discard: is the end, for this one only", async () => {
      const instanceId = await instanceWith(2);
      await settleAs(instanceId, "dead", "dead");
      const eventId = await eventIdAt(instanceId, 1);
      expect(await store().deliveries.discard({ eventId, limit: 10, now: t0 + 77 })).toBe(1);
      const [row] = await store().deliveries.list({ instanceId, state: "discarded", limit: 10 });
      expect(row).toMatchObject({ attempts: 5, lastError: "error 1", updatedAt: t0 + 77 });
      expect(await store().deliveries.revive({ instanceId, limit: 10, now: t0 })).toBe(1);
      expect(await store().deliveries.count({ instanceId, state: "discarded" })).toBe(1);
    });

    test("purgeDiscarded: only what was discarded before the moment, with its attempts", async () => {
      const [instanceId, other] = [await instanceWith(4), await instanceWith(1)];
      await settleAs(instanceId, "dead", "dead", "dead");
      await settleAs(other, "dead");
      const discard = async (of: string, sequence: number, now: number): Promise<void> => {
        await store().deliveries.discard({ eventId: await eventIdAt(of, sequence), limit: 1, now });
      };
      await discard(instanceId, 1, t0 + 100);
      await discard(instanceId, 2, t0 + 200);
      await discard(other, 1, t0 + 100);
      const rows = await store().deliveries.list({ instanceId, limit: 10 });
      const [gone] = rows.filter(({ event }) => event.sequence === 1);
      expect(await store().deliveries.purgeDiscarded({ instanceId, before: t0 + 100 })).toBe(0);
      expect(await store().deliveries.purgeDiscarded({ instanceId, before: t0 + 101 })).toBe(1);
      const left = await store().deliveries.list({ instanceId, limit: 10 });
      expect(left.map(({ event, state }) => [event.sequence, state])).toEqual([
        [4, "pending"],
        [3, "dead"],
        [2, "discarded"],
      ]);
      expect(await store().deliveries.attempts({ deliveryId: gone!.deliveryId })).toEqual([]);
      expect(await store().deliveries.count({ instanceId: other, state: "discarded" })).toBe(1);
    });
  });
}
