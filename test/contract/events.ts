import { describe, expect, test } from "vitest";
import { eventIdOf, newInstanceId } from "#domain/ids.ts";
import type { EventStore } from "#store/events.ts";
import { lastingRefusal } from "#store/lasting-refusal.ts";
import type { NewEvent } from "#store/records.ts";
import { addInstance, codeOf, happening, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

const url = "https://example.com/hook";

/** What every `EventStore` keeps to. */
export function eventsContract(adapter: StoreAdapter): void {
  describe(`events on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const persist = (instanceId: string, events: readonly NewEvent[], now = t0) =>
      store().events.persist({ instanceId, events, now });
    const deliveriesOf = async (instanceId: string) =>
      (await store().deliveries.list({ instanceId, limit: 1_000 })).toReversed();

    test("persist: numbers from 1 without a gap and answers the rows as they are stored", async () => {
      const instanceId = await addInstance(store());
      const bare: NewEvent = {
        dedupeKey: "bare",
        kind: "connection",
        type: "ConnectedCallback",
        occurredAt: t0 - 5,
        captured: '{"text":"não ✅"}',
        slots: [],
      };
      const rows = await persist(instanceId, [happening(1), bare, happening(3)], t0 + 7);
      expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      const { position, ...second } = rows[1]!;
      expect(second).toEqual({
        eventId: eventIdOf(instanceId, "bare"),
        instanceId,
        sequence: 2,
        kind: "connection",
        type: "ConnectedCallback",
        occurredAt: t0 - 5,
        captured: '{"text":"não ✅"}',
        createdAt: t0 + 7,
      });
      expect(position).toBeGreaterThan(rows[0]!.position);
      for (const row of rows) expect(await store().events.get({ eventId: row.eventId })).toEqual(row);
    });

    test("persist: a happening that is known makes no second event, in one batch or later", async () => {
      const instanceId = await addInstance(store(), { received: url });
      const first = await persist(instanceId, [happening(1), happening(2), happening(1)]);
      expect(first.map(({ sequence }) => sequence)).toEqual([1, 2]);
      const again = { ...happening(2), captured: "{}", slots: ["delivery"] as const };
      const second = await persist(instanceId, [happening(1), again, happening(3)], t0 + 1);
      expect(second.map(({ sequence, messageId }) => [sequence, messageId])).toEqual([[3, "M3"]]);
      expect(await persist(instanceId, [happening(3)])).toEqual([]);
      expect(await store().events.get({ eventId: first[1]!.eventId })).toEqual(first[1]);
      expect(await store().deliveries.count({ instanceId })).toBe(3);
    });

    test("persist: what no try will ever store says so, wherever it stands, and stores nothing", async () => {
      const instanceId = await addInstance(store());
      const ids = { instanceId, chatId: "c", messageId: "m", fromMe: false, senderId: "s", type: "text" };
      const bad = 1e300;
      const good = {
        messages: [{ ...ids, at: t0, proto: new Uint8Array() }],
        contacts: [{ contactId: "c", name: "n" }],
      };
      const inputs: readonly Partial<Parameters<EventStore["persist"]>[0]>[] = [
        { events: [happening(1), happening(2, { occurredAt: bad })], records: good },
        { records: { ...good, messages: [{ ...ids, at: bad, proto: new Uint8Array() }] } },
        { records: { ...good, statuses: [{ messageId: "m", chatId: "c", status: "read", at: bad }] } },
        { records: { ...good, chats: [{ chatId: "c", lastMessageAt: bad }] } },
      ];
      for (const input of inputs) {
        const whole = { instanceId, events: [happening(3)], journalIds: ["J"], now: t0, ...input };
        const error = await store()
          .events.persist(whole)
          .catch((refused: unknown) => refused);
        expect(lastingRefusal(error)).toEqual(expect.any(String));
      }
      expect(await store().events.list({ instanceId, limit: 10 })).toEqual([]);
      expect(await store().messages.get({ instanceId, messageId: "m" })).toBeUndefined();
    });

    test("persist: the same key at another instance is another happening", async () => {
      const instances = [await addInstance(store()), await addInstance(store())];
      for (const instanceId of instances) {
        expect((await persist(instanceId, [happening(1)])).map(({ sequence }) => sequence)).toEqual([1]);
      }
    });

    test("persist: concurrent batches with repetitions leave no gap and no double", async () => {
      const instances = [await addInstance(store(), { received: url }), await addInstance(store())];
      const batches = range(0, 29).map((n) => ({
        instanceId: instances[n % 2]!,
        // Each happening comes in three batches.
        events: range(n, n + 8).map((key) => happening(key)),
      }));
      const added = await Promise.all(batches.map(({ instanceId, events }) => persist(instanceId, events)));
      for (const instanceId of instances) {
        const rows = added.flat().filter((row) => row.instanceId === instanceId);
        expect(rows.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).toEqual(range(1, rows.length));
        expect(new Set(rows.map(({ eventId }) => eventId)).size).toBe(rows.length);
        const stored = await store().events.list({ instanceId, limit: 1_000 });
        expect(stored).toHaveLength(rows.length);
        // Both grow in commit order.
        expect(stored.map(({ sequence }) => sequence)).toEqual(range(1, rows.length).toReversed());
      }
    });

    test("persist: an unknown instance is not found, and nothing is stored", async () => {
      const instanceId = newInstanceId();
      expect(await codeOf(persist(instanceId, [happening(1)]))).toBe("instance_not_found");
      expect(await store().events.list({ instanceId, limit: 1 })).toEqual([]);
    });

    test("persist: one delivery per URL, even when several slots name it", async () => {
      const both = "https://example.com/both";
      const hooks = {
        received: both,
        receivedAndDelivery: both,
        delivery: url,
        connected: "https://example.com/never",
      };
      const instanceId = await addInstance(store(), hooks);
      await persist(instanceId, [happening(1, { slots: ["received", "receivedAndDelivery", "delivery"] })]);
      const made = await deliveriesOf(instanceId);
      expect(made.map((delivery) => delivery.url).toSorted()).toEqual([both, url].toSorted());
      expect(made.find((delivery) => delivery.url === both)).toMatchObject({
        state: "pending",
        slot: "received",
        attempts: 0,
        dueAt: t0,
        createdAt: t0,
        updatedAt: t0,
        event: { messageId: "M1", sequence: 1 },
      });
      expect(made.find((delivery) => delivery.url === url)?.slot).toBe("delivery");
    });

    test("persist: without a configured URL there is an event and no delivery", async () => {
      const instanceId = await addInstance(store(), { connected: url });
      await persist(instanceId, [happening(1), happening(2, { slots: [] })]);
      expect(await deliveriesOf(instanceId)).toEqual([]);
      expect(await store().events.list({ instanceId, limit: 10 })).toHaveLength(2);
    });

    test("persist: events, read model and journal are one transaction", async () => {
      const instanceId = await addInstance(store());
      const message = {
        instanceId,
        chatId: "c",
        messageId: "A",
        fromMe: false,
        senderId: "s",
        at: t0,
        type: "text",
        proto: Buffer.from("x"),
      };
      await store().events.persist({
        instanceId,
        events: [],
        records: { messages: [message], statuses: [{ messageId: "A", chatId: "c", status: "read", at: t0 }] },
        now: t0,
      });
      expect(await store().messages.get({ instanceId, messageId: "A" })).toMatchObject({ senderId: "s" });
      expect((await store().messages.trace({ instanceId, messageId: "A" }))?.status).toBe("read");
      // A broken record takes the event with it.
      const broken = { ...message, messageId: "B", chatId: undefined as unknown as string };
      const failing = store().events.persist({
        instanceId,
        events: [happening(1)],
        records: { messages: [{ ...message, messageId: "C" }, broken] },
        now: t0,
      });
      await expect(failing).rejects.toThrow();
      expect(await store().events.list({ instanceId, limit: 10 })).toEqual([]);
      expect(await store().messages.get({ instanceId, messageId: "C" })).toBeUndefined();
      expect((await persist(instanceId, [happening(1)])).map(({ sequence }) => sequence)).toEqual([1]);
    });

    test("get: by its id, of this instance when one is named", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const [row] = await persist(instanceId, [happening(1)]);
      const { eventId } = row!;
      expect(await store().events.get({ eventId })).toEqual(row);
      expect(await store().events.get({ instanceId, eventId })).toEqual(row);
      expect(await store().events.get({ instanceId: other, eventId })).toBeUndefined();
      expect(await store().events.get({ eventId: "evt_unknown" })).toBeUndefined();
    });

    test("list: newest first, page by page", async () => {
      const instanceId = await addInstance(store());
      await persist(
        instanceId,
        range(1, 7).map((n) => happening(n)),
      );
      const first = await store().events.list({ instanceId, limit: 3 });
      expect(first.map(({ sequence }) => sequence)).toEqual([7, 6, 5]);
      const next = await store().events.list({ instanceId, before: first.at(-1)!.position, limit: 3 });
      expect(next.map(({ sequence }) => sequence)).toEqual([4, 3, 2]);
    });

    test("list: every given part of a selector must match", async () => {
      const instanceId = await addInstance(store(), { received: url });
      const other = await addInstance(store(), { received: url });
      const kinds: readonly Partial<NewEvent>[] = [
        { type: "ReceivedCallback", chatId: "one" },
        { type: "ReceivedCallback", chatId: "two" },
        { type: "MessageStatusCallback", chatId: "one", slots: [] },
        { type: "ConnectedCallback", slots: [] },
      ];
      for (const [index, over] of kinds.entries()) {
        await persist(instanceId, [happening(index + 1, over)], t0 + index);
        await persist(other, [happening(index + 1, over)], t0 + index);
      }
      const [lane] = (
        await store().deliveries.claimLanes({ owner: "w", limit: 100, leaseMs: 1_000, now: t0 + 9 })
      ).filter((each) => each.instanceId === instanceId);
      const [first] = await store().deliveries.pending({ lane: lane!, limit: 1 });
      const settlement = { deliveryId: first!.deliveryId, state: "dead" as const, attempts: 5, dueAt: t0 };
      await store().deliveries.settle({ lane: lane!, settlements: [settlement], now: t0 });
      const idOf = (n: number) => eventIdOf(instanceId, happening(n).dedupeKey);
      const cases: readonly (readonly [
        Parameters<ReturnType<typeof store>["events"]["list"]>[0],
        readonly number[],
      ])[] = [
        [{ instanceId, limit: 10 }, [4, 3, 2, 1]],
        [{ instanceId, type: "ReceivedCallback", limit: 10 }, [2, 1]],
        [{ instanceId, type: "ReceivedCallback", chatId: "two", limit: 10 }, [2]],
        [{ instanceId, chatId: "one", limit: 10 }, [3, 1]],
        [{ instanceId, eventIds: [idOf(1), idOf(4), "evt_unknown"], limit: 10 }, [4, 1]],
        [{ eventIds: [idOf(2)], limit: 10 }, [2]],
        [{ instanceId, eventIds: [], limit: 10 }, []],
        [{ instanceId, from: t0 + 1, limit: 10 }, [4, 3, 2]],
        [{ instanceId, to: t0 + 1, limit: 10 }, [1]],
        [{ instanceId, from: t0 + 1, to: t0 + 3, limit: 10 }, [3, 2]],
        [{ instanceId, deliveryState: "dead", limit: 10 }, [1]],
        [{ instanceId, deliveryState: "pending", limit: 10 }, [2]],
        [{ instanceId, deliveryState: "delivered", limit: 10 }, []],
        [{ instanceId, deliveryState: "dead", chatId: "two", limit: 10 }, []],
      ];
      for (const [selector, expected] of cases) {
        const found = await store().events.list(selector);
        expect([selector, found.map(({ sequence }) => sequence)]).toEqual([selector, expected]);
      }
    });

    test("list: an event with several deliveries in a state appears once", async () => {
      const hooks = { received: url, receivedAndDelivery: "https://example.com/two" };
      const instanceId = await addInstance(store(), hooks);
      await persist(instanceId, [happening(1, { slots: ["received", "receivedAndDelivery"] })]);
      expect(await store().events.list({ instanceId, deliveryState: "pending", limit: 10 })).toHaveLength(1);
    });

    test("since: above the cursor, oldest first, of one instance or of all", async () => {
      await using own = await adapter.open();
      const [one, two] = [await addInstance(own), await addInstance(own)];
      expect(await own.events.lastPosition()).toBe(0);
      expect(await own.events.since({ after: 0, limit: 10 })).toEqual([]);
      for (const n of range(1, 6)) {
        await own.events.persist({ instanceId: n % 2 === 0 ? two : one, events: [happening(n)], now: t0 });
      }
      const all = await own.events.since({ after: 0, limit: 10 });
      expect(all.map(({ messageId }) => messageId)).toEqual(range(1, 6).map((n) => `M${n}`));
      expect(await own.events.lastPosition()).toBe(all.at(-1)!.position);
      const page = await own.events.since({ after: all[1]!.position, limit: 2 });
      expect(page).toEqual(all.slice(2, 4));
      const mine = await own.events.since({ instanceId: two, after: all[1]!.position, limit: 10 });
      expect(mine.map(({ messageId }) => messageId)).toEqual(["M4", "M6"]);
      expect(await own.events.since({ after: all.at(-1)!.position, limit: 10 })).toEqual([]);
    });

    test("since: a reader that follows the writers misses nothing and sees nothing twice", async () => {
      await using own = await adapter.open();
      const instances = await Promise.all(range(1, 4).map(() => addInstance(own)));
      let writing = true;
      const writers = instances.map(async (instanceId, writer) => {
        for (const n of range(1, 25)) {
          const events = range(0, (n + writer) % 4).map((part) => happening(`${n}.${part}`));
          await own.events.persist({ instanceId, events, now: t0 });
        }
      });
      const seen: string[] = [];
      const read = async (): Promise<void> => {
        let after = 0;
        for (;;) {
          const last = !writing;
          const rows = await own.events.since({ after, limit: 7 });
          seen.push(...rows.map(({ eventId }) => eventId));
          after = rows.at(-1)?.position ?? after;
          if (last && rows.length === 0) return;
          // A synchronous store would otherwise keep the writers from their turn.
          await new Promise(setImmediate);
        }
      };
      const reading = read();
      await Promise.all(writers);
      writing = false;
      await reading;
      const stored = await own.events.since({ after: 0, limit: 10_000 });
      expect(seen).toEqual(stored.map(({ eventId }) => eventId));
      expect(seen).toHaveLength(
        instances.length * 25 +
          [0, 1, 2, 3].reduce((sum, w) => sum + range(1, 25).reduce((n, i) => n + ((i + w) % 4), 0), 0),
      );
    });

    test("lastPosition: stays when the newest events are removed with their instance", async () => {
      await using own = await adapter.open();
      const [one, two] = [await addInstance(own), await addInstance(own)];
      await own.events.persist({ instanceId: one, events: [happening(1)], now: t0 });
      await own.events.persist({ instanceId: two, events: [happening(2)], now: t0 });
      const position = await own.events.lastPosition();
      await own.instances.delete({ instanceId: two });
      expect(await own.events.lastPosition()).toBe(position);
      const [row] = await own.events.persist({ instanceId: one, events: [happening(3)], now: t0 });
      expect(row!.position).toBeGreaterThan(position);
    });

    test("replay: again to the URLs configured now, in sequence order, under the old ids", async () => {
      const instanceId = await addInstance(store(), { received: "https://example.com/old" });
      await persist(
        instanceId,
        range(1, 4).map((n) => happening(n, n === 4 ? { type: "Other" } : {})),
      );
      const former = await deliveriesOf(instanceId);
      const hooks = { received: "https://example.com/new", delivery: "https://example.com/other" };
      await store().instances.setHooks({ instanceId, hooks, now: t0 });
      const selector = { instanceId, type: "ReceivedCallback" };
      expect(await store().events.replay({ selector, limit: 100, now: t0 + 9 })).toBe(3);
      const known = new Set(former.map(({ deliveryId }) => deliveryId));
      const made = (await deliveriesOf(instanceId)).filter(({ deliveryId }) => !known.has(deliveryId));
      expect(made.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
      expect(made.map(({ event }) => event.eventId)).toEqual(former.slice(0, 3).map(({ event }) => event.eventId));
      for (const delivery of made) {
        expect(delivery).toMatchObject({
          url: "https://example.com/new",
          slot: "received",
          state: "pending",
          attempts: 0,
          dueAt: t0 + 9,
          createdAt: t0 + 9,
        });
      }
    });

    test("replay: to a URL of its own, whatever is configured", async () => {
      const instanceId = await addInstance(store());
      await persist(instanceId, [happening(1), happening(2)]);
      const target = "https://elsewhere.example.com/";
      expect(await store().events.replay({ selector: { instanceId }, url: target, limit: 100, now: t0 })).toBe(2);
      const made = await deliveriesOf(instanceId);
      expect(made.map((each) => [each.url, each.slot, each.event.sequence])).toEqual([
        [target, "replay", 1],
        [target, "replay", 2],
      ]);
      const lanes = await store().deliveries.lanes({ instanceId });
      expect(lanes.map((lane) => [lane.url, lane.pending])).toEqual([[target, 2]]);
    });

    test("replay: one per URL of the slots it once had; none where nothing is configured", async () => {
      const instanceId = await addInstance(store(), { received: url, receivedAndDelivery: url });
      await persist(instanceId, [happening(1, { slots: ["received", "receivedAndDelivery"] })]);
      expect(await store().events.replay({ selector: { instanceId }, limit: 100, now: t0 })).toBe(1);
      const cleared = { received: null, receivedAndDelivery: null, delivery: url };
      await store().instances.setHooks({ instanceId, hooks: cleared, now: t0 });
      expect(await store().events.replay({ selector: { instanceId }, limit: 100, now: t0 })).toBe(0);
      expect(await store().deliveries.count({ instanceId })).toBe(2);
    });

    test("replay: the oldest up to the limit", async () => {
      const instanceId = await addInstance(store(), { received: url });
      await persist(
        instanceId,
        range(1, 5).map((n) => happening(n)),
      );
      expect(await store().events.replay({ selector: { instanceId }, limit: 2, now: t0 + 9 })).toBe(2);
      const made = (await deliveriesOf(instanceId)).filter(({ createdAt }) => createdAt === t0 + 9);
      expect(made.map(({ event }) => event.sequence)).toEqual([1, 2]);
    });

    test("replay: a lane that was empty is due", async () => {
      const instanceId = await addInstance(store());
      await persist(instanceId, [happening(1)]);
      await store().events.replay({ selector: { instanceId }, url, limit: 1, now: t0 });
      const lanes = await store().deliveries.claimLanes({ owner: "w", limit: 100, leaseMs: 1_000, now: t0 });
      expect(lanes.map((lane) => lane.instanceId)).toContain(instanceId);
    });
  });
}
