import { describe, expect, test } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import { addInstance, codeOf, range, sharedStore, t0, type StoreAdapter } from "./adapter.ts";
import { type EnqueueInput, queuedText, queueTools } from "./queue-tools.ts";

/** What every `QueueStore` keeps to when it accepts. */
export function queueEnqueueContract(adapter: StoreAdapter): void {
  describe(`queue: enqueue on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { settle, add, claimed, count } = queueTools(store);

    test("the row comes back as it was given, and stays so", async () => {
      const instanceId = await addInstance(store());
      const message = queuedText(instanceId, "olá 👋", {
        outgoing: {
          to: "123@g.us",
          content: { kind: "text", text: "olá 👋", editMessageId: "3EB0" },
          options: {
            replyTo: "A",
            mentioned: ["1"],
            mentionAll: true,
            groupMentioned: [{ phone: "1", subject: "s" }],
          },
        },
        scheduledAt: t0 + 60_000,
        dueAt: t0 + 60_000,
        delayMs: 3_000,
        typingMs: 2_000,
        createdAt: t0 - 1,
      });
      const answer = await store().queue.enqueue({ message, now: t0 });
      const { sequence, ...row } = answer.message;
      expect(row).toEqual({ ...message, chatId: "123@g.us", state: "queued", attempts: 0, updatedAt: t0 });
      expect(answer.created).toBe(true);
      expect(sequence).toBeGreaterThan(0);
      expect(await store().queue.get({ instanceId, zaapId: message.zaapId })).toEqual(answer.message);
      const byMessage = { instanceId, messageId: message.messageId };
      expect(await store().queue.byMessageId(byMessage)).toEqual(answer.message);
    });

    test("writes the first step of the ledger", async () => {
      const instanceId = await addInstance(store());
      const { message } = await add(instanceId, "a");
      expect(await store().messages.trace({ instanceId, messageId: message.messageId })).toEqual({
        messageId: message.messageId,
        chatId: message.outgoing.to,
        status: "queued",
        steps: [{ messageId: message.messageId, chatId: message.outgoing.to, status: "queued", at: t0 }],
      });
    });

    test("sequences grow in the order of acceptance", async () => {
      const instanceId = await addInstance(store());
      const sequences: number[] = [];
      for (const n of range(1, 5)) sequences.push((await add(instanceId, `${n}`)).message.sequence);
      expect(sequences).toEqual([...new Set(sequences)].toSorted((x, y) => x - y));
    });

    test("an unknown instance is not found", async () => {
      const instanceId = newInstanceId();
      expect(await codeOf(add(instanceId, "a"))).toBe("instance_not_found");
      expect(await count(instanceId)).toBe(0);
    });

    const key = (over: Partial<NonNullable<EnqueueInput["idempotency"]>> = {}) => ({
      idempotency: { key: "once", requestHash: "same", expiresAt: t0 + 1_000, ...over },
    });

    test("idempotency: a known key with the same request answers the first row", async () => {
      const instanceId = await addInstance(store());
      const first = await add(instanceId, "a", {}, key());
      const second = await add(instanceId, "a", {}, key());
      expect(second).toEqual({ message: first.message, created: false });
      expect(await count(instanceId)).toBe(1);
      // Whatever became of it meanwhile.
      await settle(await claimed(instanceId));
      const third = await add(instanceId, "a", {}, key());
      expect(third).toMatchObject({ message: { zaapId: first.message.zaapId, state: "sent" }, created: false });
    });

    test("idempotency: a known key with another request is a conflict and stores nothing", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a", {}, key());
      expect(await codeOf(add(instanceId, "b", {}, key({ requestHash: "other" })))).toBe("idempotency_conflict");
      expect(await count(instanceId)).toBe(1);
    });

    test("idempotency: of many at once one row is made", async () => {
      const instanceId = await addInstance(store());
      const answers = await Promise.all(range(1, 10).map(() => add(instanceId, "a", {}, key())));
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(answers.map(({ message }) => message.zaapId)).size).toBe(1);
    });

    test("idempotency: a key belongs to its instance, and may be used again when it has run out", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const first = await add(instanceId, "a", {}, key());
      expect((await add(other, "a", {}, key({ requestHash: "other" }))).created).toBe(true);
      const late = await add(
        instanceId,
        "b",
        {},
        { ...key({ requestHash: "b", expiresAt: t0 + 9_000 }), now: t0 + 1_000 },
      );
      expect(late.created).toBe(true);
      expect(late.message.zaapId).not.toBe(first.message.zaapId);
      const again = await add(instanceId, "b", {}, { ...key({ requestHash: "b" }), now: t0 + 2_000 });
      expect(again).toEqual({ message: late.message, created: false });
    });

    test("accepted: the message of a key, whatever became of it, while the key is remembered", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const asked = { instanceId, key: "once", requestHash: "same", now: t0 };
      expect(await store().queue.accepted(asked)).toBeUndefined();
      const { message } = await add(instanceId, "a", {}, key());
      expect(await store().queue.accepted(asked)).toEqual(message);
      expect(await store().queue.accepted({ ...asked, instanceId: other })).toBeUndefined();
      expect(await codeOf(store().queue.accepted({ ...asked, requestHash: "other" }))).toBe("idempotency_conflict");
      await settle(await claimed(instanceId));
      expect(await store().queue.accepted(asked)).toMatchObject({ zaapId: message.zaapId, state: "sent" });
      expect(await store().queue.accepted({ ...asked, now: t0 + 1_000 })).toBeUndefined();
    });

    test("queue_full: at the limit nothing is taken, a known key still answers", async () => {
      const instanceId = await addInstance(store());
      const full = { maxWaiting: 2 };
      await add(instanceId, "a", {}, { ...full, ...key() });
      await add(instanceId, "b", {}, full);
      expect(await codeOf(add(instanceId, "c", {}, full))).toBe("queue_full");
      expect((await add(instanceId, "a", {}, { ...full, ...key() })).created).toBe(false);
      expect((await add(instanceId, "c", {}, { maxWaiting: 3 })).created).toBe(true);
      expect((await add(instanceId, "d")).created).toBe(true);
    });

    test("queue_full: counts what waits or is being sent, and nothing else", async () => {
      const instanceId = await addInstance(store());
      const full = { maxWaiting: 2 };
      await add(instanceId, "scheduled", { scheduledAt: t0 + 99, dueAt: t0 + 99 }, full);
      await add(instanceId, "a", {}, full);
      const sending = await claimed(instanceId);
      expect(await codeOf(add(instanceId, "b", {}, full))).toBe("queue_full");
      await settle(sending);
      expect((await add(instanceId, "b", {}, full)).created).toBe(true);
      const other = await addInstance(store());
      expect((await add(other, "a", {}, { maxWaiting: 1 })).created).toBe(true);
    });

    test("queue_full: of many at once no more than the limit are taken", async () => {
      const instanceId = await addInstance(store());
      const codes = await Promise.all(range(1, 12).map((n) => codeOf(add(instanceId, `${n}`, {}, { maxWaiting: 5 }))));
      expect(codes.filter((code) => code === undefined)).toHaveLength(5);
      expect(await count(instanceId)).toBe(5);
    });
  });
}
