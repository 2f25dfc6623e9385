import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { QueueState } from "#store/queue.ts";
import { addInstance, range, sharedStore, t0, type StoreAdapter } from "./adapter.ts";
import { type EnqueueInput, leaseMs, queuedText, queueTools, waitingStates, wordsOf } from "./queue-tools.ts";

/** What every `QueueStore` keeps to towards operators, and what it tells of itself. */
export function queueControlsContract(adapter: StoreAdapter): void {
  describe(`queue: controls on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claim, settle, add, claimed, sendAll, stateOf, count, traced } = queueTools(store);

    test("cancel: what waits is canceled, what is sent is not, and why", async () => {
      const instanceId = await addInstance(store());
      const at = { scheduledAt: t0 + 99, dueAt: t0 + 99 };
      const [first, second, third] = [
        await add(instanceId, "a"),
        await add(instanceId, "b"),
        await add(instanceId, "c", at),
      ].map(({ message }) => message.zaapId) as [string, string, string];
      const message = await claimed(instanceId);
      const cancel = (zaapId: string) => store().queue.cancel({ instanceId, zaapId, now: t0 + 1 });
      expect(await cancel(first)).toBe("sending");
      expect(await cancel(second)).toBe("canceled");
      expect(await cancel(third)).toBe("canceled");
      expect(await cancel(third)).toBe("gone");
      await settle(message);
      expect(await cancel(first)).toBe("gone");
      expect(await cancel(randomUUID())).toBe("gone");
      expect(await store().queue.get({ instanceId, zaapId: second })).toMatchObject({
        state: "canceled",
        updatedAt: t0 + 1,
      });
      expect(await claim(instanceId, t0 + 99)).toBeUndefined();
      expect(await stateOf(instanceId, first)).toBe("sent");
    });

    test("cancel: of another instance's message nothing happens", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const { message } = await add(instanceId, "a");
      const { zaapId } = message;
      expect(await store().queue.cancel({ instanceId: other, zaapId, now: t0 })).toBe("gone");
      expect(await stateOf(instanceId, zaapId)).toBe("queued");
    });

    test("cancel: the ledger says so", async () => {
      const instanceId = await addInstance(store());
      const { message } = await add(instanceId, "a");
      await store().queue.cancel({ instanceId, zaapId: message.zaapId, now: t0 + 7 });
      expect(await traced(instanceId, message.messageId)).toEqual(["queued", "canceled"]);
    });

    test("cancel: the head gives way to the next", async () => {
      const instanceId = await addInstance(store());
      const { message } = await add(instanceId, "later", { dueAt: t0 + 500 });
      await add(instanceId, "b");
      await store().queue.cancel({ instanceId, zaapId: message.zaapId, now: t0 });
      expect(wordsOf(await claim(instanceId))).toBe("b");
    });

    test("purge: cancels everything that waits, but not what is being sent", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      for (const words of ["a", "b", "c"]) await add(instanceId, words);
      await add(instanceId, "d", { scheduledAt: t0 + 99, dueAt: t0 + 99 });
      await add(other, "x");
      const message = await claimed(instanceId);
      expect(await store().queue.purge({ instanceId, now: t0 })).toBe(3);
      expect(await count(instanceId, ["canceled"])).toBe(3);
      expect(await stateOf(instanceId, message.zaapId)).toBe("sending");
      expect(await count(other)).toBe(1);
      expect(await settle(message)).toBe(true);
      expect(await store().queue.purge({ instanceId, now: t0 })).toBe(0);
      expect(await claim(instanceId, t0 + 99)).toBeUndefined();
    });

    test("purge, requeueFailed: thousands at once", async () => {
      const instanceId = await addInstance(store());
      const adding = range(1, 2_300).map((n) => add(instanceId, `${n}`));
      await Promise.all(adding);
      expect(await store().queue.purge({ instanceId, now: t0 })).toBe(2_300);
      expect(await count(instanceId)).toBe(0);
    });

    test("requeueFailed: back into the line in their order, as if never tried", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b", "c"]) await add(instanceId, words);
      const fail = async () => {
        const message = await claimed(instanceId);
        await store().queue.retry({ claim: message, attempts: 4, dueAt: t0, error: "timeout", now: t0 });
        await settle(await claimed(instanceId), { outcome: "failed", error: "no" });
        return message;
      };
      const [first, second] = [await fail(), await fail()];
      expect(await store().queue.requeueFailed({ instanceId, now: t0 + 9 })).toBe(2);
      expect(await store().queue.get({ instanceId, zaapId: first.zaapId })).toMatchObject({
        state: "queued",
        attempts: 0,
        dueAt: t0 + 9,
        messageId: first.messageId,
      });
      const again = await store().queue.get({ instanceId, zaapId: second.zaapId });
      expect([again?.attempts, again?.lastError]).toEqual([0, undefined]);
      expect(await sendAll(instanceId, t0 + 9)).toEqual(["a", "b", "c"]);
      expect(await stateOf(instanceId, second.zaapId)).toBe("sent");
    });

    test("requeueFailed: one by its id, and only failed ones", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b", "c"]) await add(instanceId, words);
      const messages = [await claimed(instanceId)];
      await settle(messages[0]!, { outcome: "failed" });
      messages.push(await claimed(instanceId));
      await settle(messages[1]!, { outcome: "failed" });
      messages.push(await claimed(instanceId));
      await settle(messages[2]!, { outcome: "sent" });
      const requeue = (zaapId: string) => store().queue.requeueFailed({ instanceId, zaapId, now: t0 });
      expect(await requeue(messages[1]!.zaapId)).toBe(1);
      expect(await requeue(messages[1]!.zaapId)).toBe(0);
      expect(await requeue(messages[2]!.zaapId)).toBe(0);
      expect(await requeue(randomUUID())).toBe(0);
      expect(await sendAll(instanceId, t0)).toEqual(["b"]);
      expect(await stateOf(instanceId, messages[0]!.zaapId)).toBe("failed");
    });

    test("requeueFailed: an instance that was idle has work", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      await settle(await claimed(instanceId), { outcome: "failed" });
      await store().queue.requeueFailed({ instanceId, now: t0 });
      expect(await store().queue.instancesWithWork({ now: t0, limit: 10_000 })).toContain(instanceId);
    });

    test("instancesWithWork: those with a message due now, most overdue first", async () => {
      await using own = await adapter.open();
      const enqueue = async (ages: readonly number[], over: Partial<EnqueueInput["message"]> = {}) => {
        const instanceId = await addInstance(own);
        for (const age of ages) {
          await own.queue.enqueue({ message: queuedText(instanceId, "x", { dueAt: t0 - age, ...over }), now: t0 });
        }
        return instanceId;
      };
      const [middle, last, first] = [await enqueue([20]), await enqueue([10]), await enqueue([30, 99])];
      const later = await enqueue([-5]);
      const scheduled = await enqueue([0], { scheduledAt: t0 + 7, dueAt: t0 + 7 });
      // Its head is not due, so nothing of it is.
      await enqueue([-50, 500]);
      const busy = (now: number, limit = 10) => own.queue.instancesWithWork({ now, limit });
      expect(await busy(t0)).toEqual([first, middle, last]);
      expect(await busy(t0, 2)).toEqual([first, middle]);
      expect(await busy(t0 + 7)).toEqual([first, middle, last, later, scheduled]);
    });

    test("nextDueAt: when the earliest is due; undefined when none waits", async () => {
      await using own = await adapter.open();
      expect(await own.queue.nextDueAt({ now: t0 })).toBeUndefined();
      const [one, two] = [await addInstance(own), await addInstance(own)];
      const enqueue = (instanceId: string, over: Partial<EnqueueInput["message"]>) =>
        own.queue.enqueue({ message: queuedText(instanceId, "x", over), now: t0 });
      await enqueue(one, { scheduledAt: t0 + 90, dueAt: t0 + 90 });
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 90);
      await enqueue(two, { dueAt: t0 + 70 });
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 70);
      const { message } = await enqueue(one, { dueAt: t0 + 50 });
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 50);
      await own.queue.cancel({ instanceId: one, zaapId: message.zaapId, now: t0 });
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 70);
      const claim = (await own.queue.claim({ instanceId: two, owner: "w", leaseMs, now: t0 + 70 }))!;
      await own.queue.settle({ claim, outcome: "sent", events: [], now: t0 + 70 });
      expect(await own.queue.nextDueAt({ now: t0 + 70 })).toBe(t0 + 90);
      await own.instances.delete({ instanceId: one });
      expect(await own.queue.nextDueAt({ now: t0 + 70 })).toBeUndefined();
    });

    test("nextDueAt: a retry says when", async () => {
      await using own = await adapter.open();
      const instanceId = await addInstance(own);
      await own.queue.enqueue({ message: queuedText(instanceId, "a"), now: t0 });
      const claim = (await own.queue.claim({ instanceId, owner: "w", leaseMs, now: t0 }))!;
      await own.queue.retry({ claim, attempts: 1, dueAt: t0 + 444, now: t0 });
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 444);
      expect(await own.queue.instancesWithWork({ now: t0 + 443, limit: 10 })).toEqual([]);
      expect(await own.queue.instancesWithWork({ now: t0 + 444, limit: 10 })).toEqual([instanceId]);
    });

    test("list, count: in order of sending, by state, page by page", async () => {
      const instanceId = await addInstance(store());
      for (const n of range(1, 8)) await add(instanceId, `${n}`);
      await settle(await claimed(instanceId), { outcome: "sent" });
      await settle(await claimed(instanceId), { outcome: "failed" });
      const sending = await claimed(instanceId);
      const list = async (input: { states: readonly QueueState[]; after?: number; offset?: number; limit: number }) =>
        (await store().queue.list({ instanceId, ...input })).map(wordsOf);
      expect(await list({ states: waitingStates, limit: 10 })).toEqual(["3", "4", "5", "6", "7", "8"]);
      expect(await list({ states: ["queued"], limit: 2 })).toEqual(["4", "5"]);
      expect(await list({ states: waitingStates, offset: 2, limit: 2 })).toEqual(["5", "6"]);
      expect(await list({ states: waitingStates, after: sending.sequence, limit: 2 })).toEqual(["4", "5"]);
      expect(await list({ states: ["sent", "failed", "canceled"], limit: 10 })).toEqual(["1", "2"]);
      expect(await list({ states: [], limit: 10 })).toEqual([]);
      expect(await count(instanceId)).toBe(6);
      expect(await count(instanceId, ["sent", "failed"])).toBe(2);
      expect(await count(instanceId, [])).toBe(0);
      const [row] = await store().queue.list({ instanceId, states: ["sending"], limit: 1 });
      expect(row).toEqual(await store().queue.get({ instanceId, zaapId: sending.zaapId }));
    });

    test("get, byMessageId: undefined for what is unknown or another instance's", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const { message } = await add(instanceId, "a");
      const { zaapId, messageId } = message;
      expect(await store().queue.get({ instanceId: other, zaapId })).toBeUndefined();
      expect(await store().queue.byMessageId({ instanceId: other, messageId })).toBeUndefined();
      expect(await store().queue.byMessageId({ instanceId, messageId: "unknown" })).toBeUndefined();
    });
  });
}
