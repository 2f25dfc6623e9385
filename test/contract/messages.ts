import { randomBytes } from "node:crypto";
import { constantFrom, array, assert, asyncProperty } from "fast-check";
import { describe, expect, test } from "vitest";
import { type MessageStatus, messageStatuses, statusRank } from "#domain/message-status.ts";
import type { StoredMessage } from "#store/records.ts";
import { addInstance, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

const everyStatus: readonly MessageStatus[] = [...messageStatuses, "failed", "canceled"];

function message(instanceId: string, messageId: string, over: Partial<StoredMessage> = {}): StoredMessage {
  return {
    instanceId,
    chatId: "5511900000002@s.whatsapp.net",
    messageId,
    fromMe: false,
    senderId: "5511900000002@s.whatsapp.net",
    at: t0,
    type: "text",
    proto: Buffer.from(`proto of ${messageId}`),
    ...over,
  };
}

/** The row with its bytes as a plain buffer, whatever kind of bytes a driver answers. */
function comparable(row: StoredMessage | undefined): StoredMessage | undefined {
  return row && { ...row, proto: Buffer.from(row.proto) };
}

/** What every `MessageStore` keeps to. */
export function messagesContract(adapter: StoreAdapter): void {
  describe(`messages on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("get: what was put comes back, byte by byte", async () => {
      const instanceId = await addInstance(store());
      const put = message(instanceId, "A", { fromMe: true, type: "image", proto: randomBytes(100_000) });
      await store().messages.put({ messages: [put] });
      expect(comparable(await store().messages.get({ instanceId, messageId: "A" }))).toEqual(put);
      expect(await store().messages.get({ instanceId, messageId: "B" })).toBeUndefined();
      const other = await addInstance(store());
      expect(await store().messages.get({ instanceId: other, messageId: "A" })).toBeUndefined();
    });

    test("get: the chat tells apart what shares an id", async () => {
      const instanceId = await addInstance(store());
      const rows = ["one@g.us", "two@g.us"].map((chatId) => message(instanceId, "A", { chatId }));
      await store().messages.put({ messages: rows });
      for (const row of rows) {
        const { messageId, chatId } = row;
        expect(comparable(await store().messages.get({ instanceId, messageId, chatId }))).toEqual(row);
      }
      const chatId = "three@g.us";
      expect(await store().messages.get({ instanceId, messageId: "A", chatId })).toBeUndefined();
      expect(await store().messages.get({ instanceId, messageId: "A" })).toBeDefined();
    });

    test("put: replaces what is there", async () => {
      const instanceId = await addInstance(store());
      const edited = message(instanceId, "A", { type: "image", at: t0 + 5, proto: Buffer.from("edited") });
      for (const row of [message(instanceId, "A"), edited]) await store().messages.put({ messages: [row] });
      expect(comparable(await store().messages.get({ instanceId, messageId: "A" }))).toEqual(edited);
      expect(await store().messages.list({ instanceId, chatId: edited.chatId, limit: 10 })).toHaveLength(1);
    });

    test("put: hundreds at once, of several instances", async () => {
      const instances = [await addInstance(store()), await addInstance(store())];
      const rows = range(1, 600).map((n) => message(instances[n % 2]!, `M${n}`, { at: t0 + n }));
      await store().messages.put({ messages: rows });
      for (const instanceId of instances) {
        expect(await store().messages.list({ instanceId, chatId: rows[0]!.chatId, limit: 1_000 })).toHaveLength(300);
      }
    });

    test("list: newest first, one chat, before a moment", async () => {
      const instanceId = await addInstance(store());
      const chatId = "one@g.us";
      const rows = range(1, 6).map((n) => message(instanceId, `M${n}`, { chatId, at: t0 + ((n * 5) % 7) }));
      await store().messages.put({ messages: [...rows, message(instanceId, "elsewhere", { chatId: "two@g.us" })] });
      const times = async (input: { before?: number; limit: number }) =>
        (await store().messages.list({ instanceId, chatId, ...input })).map(({ at }) => at - t0);
      expect(await times({ limit: 10 })).toEqual([6, 5, 4, 3, 2, 1]);
      expect(await times({ limit: 2 })).toEqual([6, 5]);
      expect(await times({ before: t0 + 4, limit: 2 })).toEqual([3, 2]);
    });

    test("trace: steps in order of time with their participants, and the highest status", async () => {
      const instanceId = await addInstance(store());
      const about = { messageId: "A", chatId: "one@g.us" };
      const steps = [
        { ...about, status: "queued" as const, at: t0 },
        { ...about, status: "sent" as const, at: t0 + 1000 },
        { ...about, status: "delivered" as const, participant: "ana@lid", at: t0 + 2000 },
        { ...about, status: "read" as const, participant: "bia@lid", at: t0 + 3000, detail: "seen on the phone" },
        { ...about, status: "delivered" as const, participant: "bia@lid", at: t0 + 4000 },
      ];
      await store().messages.record({ instanceId, steps: steps.toReversed() });
      expect(await store().messages.trace({ instanceId, messageId: "A" })).toEqual({
        messageId: "A",
        chatId: "one@g.us",
        status: "read",
        steps,
      });
      expect(await store().messages.trace({ instanceId, messageId: "B" })).toBeUndefined();
      expect(await store().messages.trace({ instanceId: await addInstance(store()), messageId: "A" })).toBeUndefined();
    });

    test("trace: within a second, which is all WhatsApp tells, the life of a message gives the order", async () => {
      const instanceId = await addInstance(store());
      const second = Math.ceil(t0 / 1_000) * 1_000;
      const about = { messageId: "A", chatId: "c" };
      const steps = [
        { ...about, status: "queued" as const, at: second + 400 },
        { ...about, status: "sent" as const, at: second + 600 },
        { ...about, status: "delivered" as const, participant: "ana@lid", at: second },
        { ...about, status: "read" as const, participant: "ana@lid", at: second + 1_000 },
      ];
      await store().messages.record({ instanceId, steps });
      expect((await store().messages.trace({ instanceId, messageId: "A" }))?.steps).toEqual(steps);
    });

    test("record: a step that is known already changes nothing", async () => {
      const instanceId = await addInstance(store());
      const step = { messageId: "A", chatId: "c", status: "read" as const, participant: "ana@lid", at: t0 };
      await store().messages.record({ instanceId, steps: [step, { ...step, at: t0 + 5 }] });
      await store().messages.record({ instanceId, steps: [{ ...step, at: t0 - 5, detail: "again" }] });
      expect((await store().messages.trace({ instanceId, messageId: "A" }))?.steps).toEqual([step]);
    });

    test("trace: whatever comes in whatever order, the status never goes down", async () => {
      const instanceId = await addInstance(store());
      let turn = 0;
      const scripts = array(constantFrom(...everyStatus), { minLength: 1, maxLength: 8 });
      await assert(
        asyncProperty(scripts, async (statuses) => {
          const messageId = `M${(turn += 1)}`;
          let highest = -1;
          for (const [index, status] of statuses.entries()) {
            const step = { messageId, chatId: "c", status, at: t0 - index };
            await store().messages.record({ instanceId, steps: [step] });
            highest = Math.max(highest, statusRank(status));
            const trace = await store().messages.trace({ instanceId, messageId });
            expect(statusRank(trace!.status)).toBe(highest);
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}
