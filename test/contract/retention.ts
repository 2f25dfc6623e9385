import { describe, expect, test } from "vitest";
import type { Delivery } from "#store/deliveries.ts";
import type { RetentionPolicy } from "#store/retention.ts";
import type { Store } from "#store/store.ts";
import { addInstance, happening, range, type StoreAdapter } from "./adapter.ts";
import { claimLane, settlementOf } from "./delivery-tools.ts";
import { queuedText } from "./queue-tools.ts";

// Some ages count from when the store itself wrote the row, so these tests live in the present.
const start = Date.now();
const day = 86_400_000;
const url = "https://example.com/hook";

const forever: RetentionPolicy = {
  deliveredEventsMs: 1_000 * day,
  deadLettersMs: 1_000 * day,
  sentQueueMs: 1_000 * day,
  failedQueueMs: 1_000 * day,
  settledJournalMs: 1_000 * day,
  messagesMs: 1_000 * day,
  connectionHistoryMs: 1_000 * day,
};

/** Prunes until nothing more goes; answers how many rows went. */
async function pruneAll(store: Store, policy: Partial<RetentionPolicy>, now: number, limit = 100): Promise<number> {
  let total = 0;
  for (;;) {
    const counts = Object.values(await store.retention.prune({ policy: { ...forever, ...policy }, limit, now }));
    total += counts.reduce((sum, count) => sum + count, 0);
    if (counts.every((count) => count < limit)) return total;
  }
}

async function settleNext(store: Store, instanceId: string, state: Delivery["state"], now: number): Promise<Delivery> {
  const lane = (await claimLane(store, { instanceId, now }))!;
  const [delivery] = await store.deliveries.pending({ lane, limit: 1 });
  const attempt = { at: now, durationMs: 1, status: state === "dead" ? 500 : 200, counted: true };
  const settlements = [settlementOf(delivery!, { state, attempts: 1, attempt })];
  await store.deliveries.settle({ lane, settlements, now });
  await store.deliveries.releaseLane({ lane, now });
  return delivery!;
}

/** What every `RetentionStore` keeps to. */
export function retentionContract(adapter: StoreAdapter): void {
  describe(`retention on ${adapter.name}`, () => {
    test("events: delivered ones go after their time, with deliveries and attempts", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store, { received: url });
      await store.events.persist({ instanceId, events: [happening(1)], now: start });
      const first = await settleNext(store, instanceId, "delivered", start);
      await store.events.persist({ instanceId, events: [happening(2)], now: start + day });
      await settleNext(store, instanceId, "delivered", start + day);
      const policy = { deliveredEventsMs: 7 * day };
      expect(await pruneAll(store, policy, start + 7 * day - 1)).toBe(0);
      expect(await pruneAll(store, policy, start + 7 * day)).toBe(1);
      const left = await store.events.list({ instanceId, limit: 10 });
      expect(left.map(({ sequence }) => sequence)).toEqual([2]);
      expect(await store.deliveries.get({ deliveryId: first.deliveryId })).toBeUndefined();
      expect(await store.deliveries.attempts({ deliveryId: first.deliveryId })).toEqual([]);
    });

    test("events: numbers go on where they were", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const old = await store.events.persist({ instanceId, events: range(1, 3).map((n) => happening(n)), now: start });
      expect(await pruneAll(store, { deliveredEventsMs: day }, start + day)).toBe(3);
      const [next] = await store.events.persist({ instanceId, events: [happening(4)], now: start + day });
      expect(next!.sequence).toBe(4);
      expect(next!.position).toBeGreaterThan(old.at(-1)!.position);
    });

    test("events: what is pending stays, however old, and those behind it go", async () => {
      await using store = await adapter.open();
      const [down, up] = [await addInstance(store, { received: url }), await addInstance(store, { received: url })];
      await store.events.persist({ instanceId: down, events: range(1, 30).map((n) => happening(n)), now: start });
      await store.events.persist({ instanceId: up, events: [happening(1)], now: start });
      await settleNext(store, up, "delivered", start);
      expect(await pruneAll(store, { deliveredEventsMs: day }, start + 400 * day, 5)).toBe(1);
      expect(await store.deliveries.count({ instanceId: down, state: "pending" })).toBe(30);
      expect(await store.events.list({ instanceId: up, limit: 10 })).toEqual([]);
      // Delivered at last, they stay for their time from then on.
      const late = start + 400 * day;
      const lane = (await claimLane(store, { instanceId: down, now: late }))!;
      const waiting = await store.deliveries.pending({ lane, limit: 100 });
      const settlements = waiting.map((delivery) => settlementOf(delivery, { state: "delivered" }));
      await store.deliveries.settle({ lane, settlements, now: late });
      expect(await pruneAll(store, { deliveredEventsMs: day }, late + day - 1, 5)).toBe(0);
      expect(await pruneAll(store, { deliveredEventsMs: day }, late + day, 5)).toBe(30);
    });

    test("events: one delivered and one pending delivery keep the event", async () => {
      await using store = await adapter.open();
      const hooks = { received: url, receivedAndDelivery: "https://example.com/down" };
      const instanceId = await addInstance(store, hooks);
      const slots = ["received", "receivedAndDelivery"] as const;
      await store.events.persist({ instanceId, events: [happening(1, { slots })], now: start });
      const lane = (await claimLane(store, { instanceId, url, now: start }))!;
      const [delivery] = await store.deliveries.pending({ lane, limit: 1 });
      const settlements = [settlementOf(delivery!, { state: "delivered" })];
      await store.deliveries.settle({ lane, settlements, now: start });
      expect(await pruneAll(store, { deliveredEventsMs: day }, start + 9 * day)).toBe(0);
      expect(await store.events.list({ instanceId, limit: 10 })).toHaveLength(1);
    });

    test("events: a replay that waits keeps its event", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store, { received: url });
      await store.events.persist({ instanceId, events: [happening(1)], now: start });
      await settleNext(store, instanceId, "delivered", start);
      await store.events.replay({ selector: { instanceId }, limit: 1, now: start + 6 * day });
      expect(await pruneAll(store, { deliveredEventsMs: day }, start + 9 * day)).toBe(0);
    });

    test("events: what was discarded goes like what was delivered", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store, { received: url });
      await store.events.persist({ instanceId, events: [happening(1)], now: start });
      await store.instances.setHooks({ instanceId, hooks: { received: null }, now: start });
      expect(await pruneAll(store, { deliveredEventsMs: day }, start + day)).toBe(1);
      expect(await store.deliveries.count({ instanceId })).toBe(0);
    });

    test("dead letters: keep their events for their own, longer time", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store, { received: url });
      await store.events.persist({ instanceId, events: [happening(1)], now: start });
      const { deliveryId } = await settleNext(store, instanceId, "dead", start + 60_000);
      const policy = { deliveredEventsMs: day, deadLettersMs: 30 * day };
      expect(await pruneAll(store, policy, start + 30 * day)).toBe(0);
      expect(await store.deliveries.get({ deliveryId })).toMatchObject({ state: "dead", event: { messageId: "M1" } });
      expect(await pruneAll(store, policy, start + 60_000 + 30 * day)).toBe(2);
      expect(await store.deliveries.get({ deliveryId })).toBeUndefined();
      expect(await store.deliveries.attempts({ deliveryId })).toEqual([]);
      expect(await store.events.list({ instanceId, limit: 10 })).toEqual([]);
    });

    test("dead letters: one that was revived is pending and stays", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store, { received: url });
      await store.events.persist({ instanceId, events: [happening(1)], now: start });
      await settleNext(store, instanceId, "dead", start);
      await store.deliveries.revive({ instanceId, limit: 1, now: start + day });
      expect(await pruneAll(store, { deliveredEventsMs: day, deadLettersMs: day }, start + 99 * day)).toBe(0);
      expect(await store.deliveries.count({ instanceId, state: "pending" })).toBe(1);
    });

    test.each([
      ["sent", { sentQueueMs: day }],
      ["failed", { failedQueueMs: day }],
      ["canceled", { sentQueueMs: day, failedQueueMs: day }],
    ] as const)("queue: %s messages go after their time, what waits stays", async (state, policy) => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const enqueue = (words: string) =>
        store.queue.enqueue({ message: queuedText(instanceId, words, { dueAt: start, createdAt: start }), now: start });
      const { message } = await enqueue("a");
      for (const words of ["b", "c"]) await enqueue(words);
      const { zaapId } = message;
      if (state === "canceled") await store.queue.cancel({ instanceId, zaapId, now: start });
      else {
        const claim = (await store.queue.claim({ instanceId, owner: "w", leaseMs: 1_000, now: start }))!;
        await store.queue.settle({ claim, outcome: state, events: [], now: start });
      }
      await store.queue.claim({ instanceId, owner: "w", leaseMs: 1_000, now: start });
      expect(await pruneAll(store, policy, start + day - 1)).toBe(0);
      expect(await pruneAll(store, policy, start + day)).toBe(1);
      expect(await store.queue.get({ instanceId, zaapId })).toBeUndefined();
      expect(await store.queue.count({ instanceId, states: ["queued", "sending"] })).toBe(2);
    });

    test("queue: a message that a live idempotency key answers with stays as long as the key", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const message = queuedText(instanceId, "a", { dueAt: start, createdAt: start });
      const idempotency = { key: "k", requestHash: "h", expiresAt: start + 5 * day };
      await store.queue.enqueue({ message, idempotency, now: start });
      for (const words of ["b", "c"]) {
        await store.queue.enqueue({ message: queuedText(instanceId, words, { dueAt: start }), now: start });
      }
      for (const _ of range(1, 3)) {
        const claim = (await store.queue.claim({ instanceId, owner: "w", leaseMs: 1_000, now: start }))!;
        await store.queue.settle({ claim, outcome: "sent", events: [], now: start });
      }
      expect(await pruneAll(store, { sentQueueMs: day }, start + 2 * day, 1)).toBe(2);
      const again = await store.queue.enqueue({ message, idempotency, now: start + 2 * day });
      expect(again).toMatchObject({ created: false, message: { zaapId: message.zaapId, state: "sent" } });
      await pruneAll(store, { sentQueueMs: day }, start + 5 * day);
      expect(await store.queue.get({ instanceId, zaapId: message.zaapId })).toBeUndefined();
    });

    test("journal: settled rows go after their time, the others never", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const { authState } = store;
      await authState.fence({ instanceId, token: 1 });
      const journal = ["settled", "waiting"].map((stanzaId) => ({
        kind: "plaintext" as const,
        contentHash: stanzaId,
        stanzaId,
        attrs: "{}",
        payload: Buffer.from("p"),
        at: start - 900 * day,
      }));
      await authState.commit({ instanceId, token: 1, journal });
      await authState.settleJournal({ instanceId, stanzaIds: ["settled"], now: start });
      const policy = { settledJournalMs: day };
      expect(await pruneAll(store, policy, start + day - 1)).toBe(0);
      expect(await authState.findJournaled({ instanceId, contentHash: "settled" })).toBeDefined();
      expect(await pruneAll(store, policy, start + day)).toBe(1);
      expect(await authState.findJournaled({ instanceId, contentHash: "settled" })).toBeUndefined();
      expect(await authState.pendingJournal({ instanceId, limit: 10 })).toHaveLength(1);
    });

    test("messages and their steps: by the time the store got them, not by their own", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const old = start - 900 * day;
      const about = { messageId: "A", chatId: "c" };
      await store.messages.put({
        messages: [
          { ...about, instanceId, fromMe: false, senderId: "s", at: old, type: "text", proto: Buffer.from("p") },
        ],
      });
      const steps = (["sent", "delivered"] as const).map((status) => ({ ...about, status, at: old }));
      await store.messages.record({ instanceId, steps });
      expect(await pruneAll(store, { messagesMs: 2 * day }, start + day)).toBe(0);
      expect(await store.messages.get({ instanceId, messageId: "A" })).toBeDefined();
      expect(await pruneAll(store, { messagesMs: 2 * day }, start + 3 * day)).toBe(3);
      expect(await store.messages.get({ instanceId, messageId: "A" })).toBeUndefined();
      expect(await store.messages.trace({ instanceId, messageId: "A" })).toBeUndefined();
    });

    test("connection history: old changes go, the state itself stays", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      const states = ["connecting", "connected"] as const;
      for (const [index, state] of states.entries()) {
        await store.instances.recordConnection({ instanceId, connection: { state, at: start + index * day } });
      }
      expect(await pruneAll(store, { connectionHistoryMs: day }, start + day)).toBe(1);
      const left = await store.instances.connectionHistory({ instanceId, limit: 10 });
      expect(left.map(({ state }) => state)).toEqual(["connected"]);
      expect((await store.instances.get({ instanceId }))?.connection.state).toBe("connected");
    });

    test("prune: no more than the limit of a kind at once, and the oldest first", async () => {
      await using store = await adapter.open();
      const instanceId = await addInstance(store);
      await store.events.persist({ instanceId, events: range(1, 25).map((n) => happening(n)), now: start });
      const policy = { ...forever, deliveredEventsMs: day };
      const removed: number[] = [];
      for (const _ of range(1, 4)) {
        const counts = Object.values(await store.retention.prune({ policy, limit: 10, now: start + day }));
        expect(counts.every((count) => count <= 10)).toBe(true);
        removed.push(counts.reduce((sum, count) => sum + count, 0));
        const left = await store.events.list({ instanceId, limit: 100 });
        expect(left.at(-1)?.sequence ?? 26).toBe(26 - left.length);
      }
      expect(removed).toEqual([10, 10, 5, 0]);
    });

    test("prune: on an empty store nothing goes", async () => {
      await using store = await adapter.open();
      expect(await pruneAll(store, { deliveredEventsMs: 0, messagesMs: 0 }, start)).toBe(0);
    });
  });
}
