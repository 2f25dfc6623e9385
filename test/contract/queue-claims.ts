import { describe, expect, test } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import type { StoredMessage } from "#store/records.ts";
import { addInstance, happening, range, sharedStore, t0, type StoreAdapter } from "./adapter.ts";
import { leaseMs, queueTools, wordsOf } from "./queue-tools.ts";

/** What every `QueueStore` keeps to while it sends. */
export function queueClaimsContract(adapter: StoreAdapter): void {
  describe(`queue: claims on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claim, settle, add, claimed, sendAll, stateOf, count, traced } = queueTools(store);

    test("takes the head and marks it; nothing else of the instance while the claim lives", async () => {
      const instanceId = await addInstance(store());
      const { message } = await add(instanceId, "a");
      await add(instanceId, "b");
      const first = await claimed(instanceId, t0 + 1);
      const { fencingToken: _token, ...row } = first;
      expect(row).toEqual({ ...message, state: "sending", updatedAt: t0 + 1 });
      expect(await store().queue.get({ instanceId, zaapId: first.zaapId })).toEqual(row);
      expect(await claim(instanceId, t0 + 1, "other")).toBeUndefined();
      expect(await claim(instanceId, t0 + leaseMs)).toBeUndefined();
      expect(await traced(instanceId, first.messageId)).toEqual(["queued", "sending"]);
    });

    test("a claim whose lease ended: the same message again, under a higher token", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b"]) await add(instanceId, words);
      const first = await claimed(instanceId);
      const second = await claimed(instanceId, t0 + leaseMs);
      expect(second).toMatchObject({ zaapId: first.zaapId, messageId: first.messageId, attempts: 0 });
      expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
    });

    test("undefined when nothing waits or nobody is known", async () => {
      expect(await claim(await addInstance(store()))).toBeUndefined();
      expect(await claim(newInstanceId())).toBeUndefined();
    });

    test("undefined while the head is not due, whoever is behind it", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "later", { dueAt: t0 + 50 });
      await add(instanceId, "b");
      expect(await claim(instanceId, t0 + 49)).toBeUndefined();
      expect(wordsOf(await claim(instanceId, t0 + 50))).toBe("later");
    });

    test("a clock that was set back makes nobody wait, only what is scheduled keeps to it", async () => {
      const instanceId = await addInstance(store());
      const hourAgo = t0 - 3_600_000;
      await add(instanceId, "accepted before");
      await add(instanceId, "scheduled before", { scheduledAt: t0 + 50, dueAt: t0 + 50 });
      const first = await claimed(instanceId, hourAgo);
      expect(wordsOf(first)).toBe("accepted before");
      await store().queue.retry({ claim: first, attempts: 1, dueAt: t0 + 16_000, now: t0 });
      const again = await claimed(instanceId, hourAgo + 1);
      expect(again).toMatchObject({ zaapId: first.zaapId, attempts: 1 });
      await settle(again, { now: hourAgo + 1 });
      expect(await claim(instanceId, t0 + 49)).toBeUndefined();
      expect(await store().queue.instancesWithWork({ now: hourAgo, limit: 10_000 })).not.toContain(instanceId);
      const dueBy = t0 + 50;
      expect(await store().queue.instancesWithWork({ now: hourAgo, dueBy, limit: 10_000 })).toContain(instanceId);
      expect(wordsOf(await claim(instanceId, dueBy))).toBe("scheduled before");
    });

    test("instances do not wait for each other", async () => {
      const instances = await Promise.all(range(1, 3).map(() => addInstance(store())));
      for (const instanceId of instances) await add(instanceId, instanceId);
      const messages = await Promise.all(instances.map((instanceId) => claim(instanceId)));
      expect(messages.map(wordsOf)).toEqual(instances);
    });

    test("of many at once one gets the head and nobody the second", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b", "c"]) await add(instanceId, words);
      const all = await Promise.all(range(1, 8).map((n) => claim(instanceId, t0, `w${n}`)));
      expect(all.filter((each) => each !== undefined).map(wordsOf)).toEqual(["a"]);
    });

    test("messages leave in the order they were accepted", async () => {
      const instanceId = await addInstance(store());
      const words = range(1, 20).map(String);
      for (const each of words) await add(instanceId, each);
      expect(await sendAll(instanceId, t0)).toEqual(words);
      expect(await count(instanceId)).toBe(0);
    });

    test("a scheduled message is passed over until its time, and then takes its place", async () => {
      const instanceId = await addInstance(store());
      const at = { scheduledAt: t0 + 1_000, dueAt: t0 + 1_000 };
      await add(instanceId, "scheduled", at);
      for (const words of ["a", "b"]) await add(instanceId, words);
      const first = await claimed(instanceId, t0 + 999);
      expect(wordsOf(first)).toBe("a");
      await settle(first, { now: t0 + 1_000 });
      expect(await sendAll(instanceId, t0 + 1_000)).toEqual(["scheduled", "b"]);
    });

    test("what a dead claimer left comes first, even before what is accepted earlier and due by now", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "scheduled", { scheduledAt: t0 + 1_000, dueAt: t0 + 1_000 });
      for (const words of ["a", "b"]) await add(instanceId, words);
      await claimed(instanceId);
      // It may have gone out already: another one in between would change places with it.
      expect(await sendAll(instanceId, t0 + leaseMs)).toEqual(["a", "scheduled", "b"]);
    });

    test("a scheduled message alone is claimed at its time and not before", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "scheduled", { scheduledAt: t0 + 1_000, dueAt: t0 + 1_000 });
      expect(await claim(instanceId, t0 + 999)).toBeUndefined();
      expect(wordsOf(await claim(instanceId, t0 + 1_000))).toBe("scheduled");
    });

    test("a scheduled message that is due waits behind a head that is retried", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      await add(instanceId, "scheduled", { scheduledAt: t0 + 10, dueAt: t0 + 10 });
      await store().queue.retry({ claim: await claimed(instanceId), attempts: 1, dueAt: t0 + 500, now: t0 });
      expect(await claim(instanceId, t0 + 20)).toBeUndefined();
      // And whoever looks for work is not sent there again and again.
      expect(await store().queue.instancesWithWork({ now: t0 + 20, limit: 10_000 })).not.toContain(instanceId);
      expect(await sendAll(instanceId, t0 + 500)).toEqual(["a", "scheduled"]);
    });

    test("a time that is past already is no schedule", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a", { scheduledAt: t0 - 5, dueAt: t0 });
      await add(instanceId, "b");
      expect(await sendAll(instanceId, t0)).toEqual(["a", "b"]);
    });

    test("renew: moves the end; false when the claim was lost", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const first = await claimed(instanceId);
      expect(await store().queue.renew({ claim: first, leaseMs, now: t0 + 9_000 })).toBe(true);
      expect(await claim(instanceId, t0 + leaseMs)).toBeUndefined();
      const second = await claimed(instanceId, t0 + 9_000 + leaseMs);
      expect(await store().queue.renew({ claim: first, leaseMs, now: t0 + 9_000 + leaseMs })).toBe(false);
      expect(await store().queue.renew({ claim: second, leaseMs, now: t0 + 9_000 + leaseMs })).toBe(true);
    });

    test("retry: back at the head of the line, with the attempts and the time it names", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b"]) await add(instanceId, words);
      const first = await claimed(instanceId);
      const input = { claim: first, attempts: 1, dueAt: t0 + 500, error: "socket hung up", now: t0 + 5 };
      expect(await store().queue.retry(input)).toBe(true);
      expect(await store().queue.get({ instanceId, zaapId: first.zaapId })).toMatchObject({
        state: "queued",
        attempts: 1,
        dueAt: t0 + 500,
        lastError: "socket hung up",
        updatedAt: t0 + 5,
      });
      expect(await claim(instanceId, t0 + 499)).toBeUndefined();
      const again = await claimed(instanceId, t0 + 500);
      expect(again).toMatchObject({ zaapId: first.zaapId, messageId: first.messageId, attempts: 1 });
      expect(again.fencingToken).toBeGreaterThan(first.fencingToken);
    });

    test("retry: without an attempt nothing is counted", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      for (const _ of range(1, 3)) {
        const message = await claimed(instanceId);
        expect(message.attempts).toBe(0);
        await store().queue.retry({ claim: message, attempts: message.attempts, dueAt: t0, now: t0 });
      }
    });

    test("stale tokens change nothing", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const stale = await claimed(instanceId);
      const fresh = await claimed(instanceId, t0 + leaseMs);
      const before = await store().queue.get({ instanceId, zaapId: fresh.zaapId });
      const writes = [
        () => store().queue.renew({ claim: stale, leaseMs: 99 * leaseMs, now: t0 }),
        () => store().queue.retry({ claim: stale, attempts: 9, dueAt: t0, error: "late", now: t0 }),
        () => settle(stale, { outcome: "failed", error: "late", events: [happening("late")] }),
      ];
      for (const write of writes) expect(await write()).toBe(false);
      expect(await store().queue.get({ instanceId, zaapId: fresh.zaapId })).toEqual(before);
      expect(await store().events.list({ instanceId, limit: 10 })).toEqual([]);
      expect(await traced(instanceId, fresh.messageId)).toEqual(["queued", "sending"]);
      expect(await settle(fresh)).toBe(true);
      for (const write of writes) expect(await write()).toBe(false);
      expect(await settle(fresh)).toBe(false);
    });

    test("a claim that was given back, or settled, writes no more", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const first = await claimed(instanceId);
      await store().queue.retry({ claim: first, attempts: 0, dueAt: t0, now: t0 });
      expect(await settle(first)).toBe(false);
      expect(await store().queue.renew({ claim: first, leaseMs, now: t0 })).toBe(false);
      expect(await stateOf(instanceId, first.zaapId)).toBe("queued");
    });

    test("a removed instance: the claim is lost", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const message = await claimed(instanceId);
      await store().instances.delete({ instanceId });
      expect(await store().queue.renew({ claim: message, leaseMs, now: t0 })).toBe(false);
      expect(await settle(message, { events: [happening(1)] })).toBe(false);
      expect(await claim(instanceId, t0 + leaseMs)).toBeUndefined();
    });

    test("sent: the ledger step, the message and its events are one transaction", async () => {
      const instanceId = await addInstance(store(), { delivery: "https://example.com/hook" });
      await add(instanceId, "a");
      const message = await claimed(instanceId);
      const stored: StoredMessage = {
        instanceId,
        chatId: message.outgoing.to,
        messageId: message.messageId,
        fromMe: true,
        senderId: "5511900000001@s.whatsapp.net",
        at: t0 + 1,
        type: "text",
        proto: Buffer.from("proto"),
      };
      const events = [happening("sent", { type: "DeliveryCallback", slots: ["delivery"] })];
      expect(await settle(message, { stored, events, now: t0 + 2 })).toBe(true);
      expect(await store().queue.get({ instanceId, zaapId: message.zaapId })).toMatchObject({
        state: "sent",
        updatedAt: t0 + 2,
      });
      const kept = await store().messages.get({ instanceId, messageId: message.messageId });
      expect(kept && { ...kept, proto: Buffer.from(kept.proto) }).toEqual(stored);
      expect(await traced(instanceId, message.messageId)).toEqual(["queued", "sending", "sent"]);
      const [event] = await store().events.list({ instanceId, limit: 10 });
      expect(event).toMatchObject({ type: "DeliveryCallback", sequence: 1, createdAt: t0 + 2 });
      expect(await store().deliveries.count({ instanceId, state: "pending" })).toBe(1);
    });

    test("sent: when a part cannot be stored nothing is, and the claim still holds", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const message = await claimed(instanceId);
      const broken = { ...happening("broken"), captured: undefined as unknown as string };
      await expect(settle(message, { events: [happening("whole"), broken] })).rejects.toThrow();
      expect(await stateOf(instanceId, message.zaapId)).toBe("sending");
      expect(await traced(instanceId, message.messageId)).toEqual(["queued", "sending"]);
      expect(await store().events.list({ instanceId, limit: 10 })).toEqual([]);
      expect(await settle(message)).toBe(true);
    });

    test("failed: keeps the error, in the row and in the ledger, and lets the next one go", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b"]) await add(instanceId, words);
      const message = await claimed(instanceId);
      await settle(message, { outcome: "failed", error: "Phone number does not exist", now: t0 + 4 });
      expect(await store().queue.get({ instanceId, zaapId: message.zaapId })).toMatchObject({
        state: "failed",
        lastError: "Phone number does not exist",
      });
      const trace = await store().messages.trace({ instanceId, messageId: message.messageId });
      expect(trace).toMatchObject({ status: "failed" });
      expect(trace?.steps.at(-1)).toMatchObject({ at: t0 + 4, detail: "Phone number does not exist" });
      expect(wordsOf(await claim(instanceId))).toBe("b");
    });

    test("events that are known already are not stored twice", async () => {
      const instanceId = await addInstance(store());
      await store().events.persist({ instanceId, events: [happening("known")], now: t0 });
      await add(instanceId, "a");
      await settle(await claimed(instanceId), { events: [happening("known"), happening("new")] });
      const rows = await store().events.list({ instanceId, limit: 10 });
      expect(rows.map(({ sequence }) => sequence)).toEqual([2, 1]);
    });

    test("a claim asked for right behind a settlement gets the next message or none", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b"]) await add(instanceId, words);
      const message = await claimed(instanceId);
      const [, next] = await Promise.all([settle(message), claim(instanceId)]);
      expect(wordsOf(next ?? (await claim(instanceId)))).toBe("b");
    });
  });
}
