import { describe, expect, test } from "vitest";
import { addInstance, range, sharedStore, t0, type StoreAdapter } from "./adapter.ts";
import { leaseMs, queueTools, wordsOf } from "./queue-tools.ts";

const hourMs = 3_600_000;
const [anna, bela, rita] = ["1@s.whatsapp.net", "2@s.whatsapp.net", "3@g.us"].map((chatId) => ({ chatId })) as [
  Chat,
  Chat,
  Chat,
];

interface Chat {
  readonly chatId: string;
}

/** What every `QueueStore` keeps to about chats: what waits for itself holds up its own chat, and no other. */
export function queueChatsContract(adapter: StoreAdapter): void {
  describe(`queue: chats on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { claim, settle, add, claimed, sendAll, stateOf } = queueTools(store);
    const retry = async (instanceId: string, dueAt: number, over: { readonly waitsFor?: "restriction" } = {}) => {
      const message = await claimed(instanceId);
      await store().queue.retry({ claim: message, attempts: 0, dueAt, now: t0, ...over });
      return message;
    };

    test("a message that was put back for later holds up its chat; all others go in the order of acceptance", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "anna 1", anna);
      await add(instanceId, "bela 1", bela);
      await add(instanceId, "anna 2", anna);
      await add(instanceId, "rita 1", rita);
      await add(instanceId, "bela 2", bela);
      await retry(instanceId, t0 + 500);
      await add(instanceId, "anna 3", anna);
      expect(await sendAll(instanceId, t0 + 1)).toEqual(["bela 1", "rita 1", "bela 2"]);
      expect(await sendAll(instanceId, t0 + 499)).toEqual([]);
      expect(await sendAll(instanceId, t0 + 500)).toEqual(["anna 1", "anna 2", "anna 3"]);
    });

    test("what is due by now and was accepted first comes first, whoever waited longest", async () => {
      const instanceId = await addInstance(store());
      for (const [n, chat] of [anna, bela, rita].entries()) await add(instanceId, `${n}`, chat);
      await retry(instanceId, t0 + 900);
      await retry(instanceId, t0 + 300);
      await retry(instanceId, t0 + 600);
      expect(wordsOf(await claim(instanceId, t0 + 299))).toBeUndefined();
      expect(await sendAll(instanceId, t0 + 900)).toEqual(["0", "1", "2"]);
    });

    test("work is announced for the chat that is due first", async () => {
      await using own = await adapter.open();
      const instanceId = await addInstance(own);
      const tools = queueTools(() => own);
      for (const [n, chat] of [anna, bela].entries()) await tools.add(instanceId, `${n}`, chat);
      for (const dueAt of [t0 + 900, t0 + 300]) {
        await own.queue.retry({ claim: await tools.claimed(instanceId), attempts: 1, dueAt, now: t0 });
      }
      expect(await own.queue.nextDueAt({ now: t0 })).toBe(t0 + 300);
      expect(await own.queue.instancesWithWork({ now: t0 + 299, limit: 10 })).toEqual([]);
      expect(await own.queue.instancesWithWork({ now: t0 + 300, limit: 10 })).toEqual([instanceId]);
      // And while the one is being sent, for the other.
      await tools.claimed(instanceId, t0 + 300);
      expect(await own.queue.nextDueAt({ now: t0 + 301 })).toBe(t0 + 900);
    });

    test("a dead claimer's message comes first, and its chat keeps its order", async () => {
      const instanceId = await addInstance(store());
      for (const [n, chat] of [anna, bela, anna, bela].entries()) await add(instanceId, `${n}`, chat);
      await retry(instanceId, t0 + 2 * leaseMs);
      const lost = await claimed(instanceId);
      expect(wordsOf(lost)).toBe("1");
      expect(await sendAll(instanceId, t0 + leaseMs)).toEqual(["1", "3"]);
      expect(await sendAll(instanceId, t0 + 2 * leaseMs)).toEqual(["0", "2"]);
    });

    test("the head of a chat that is canceled, or that failed, makes way for the next of its chat", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b", "c"]) await add(instanceId, words, anna);
      const first = await retry(instanceId, t0 + hourMs);
      expect(await claim(instanceId)).toBeUndefined();
      await store().queue.cancel({ instanceId, zaapId: first.zaapId, now: t0 });
      await settle(await claimed(instanceId), { outcome: "failed" });
      expect(await sendAll(instanceId, t0)).toEqual(["c"]);
    });

    test("failed ones that are put back stand in front of those of their chat that were accepted later", async () => {
      const instanceId = await addInstance(store());
      for (const words of ["a", "b"]) await add(instanceId, words, anna);
      await settle(await claimed(instanceId), { outcome: "failed" });
      await retry(instanceId, t0 + hourMs);
      expect(await store().queue.requeueFailed({ instanceId, now: t0 })).toBe(1);
      expect(await sendAll(instanceId, t0)).toEqual(["a"]);
      expect(await sendAll(instanceId, t0 + hourMs)).toEqual(["b"]);
    });

    test("a scheduled message of a chat whose head is set aside waits behind it, those of others do not", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a", anna);
      for (const chat of [anna, bela]) {
        await add(instanceId, `at ten, ${chat.chatId}`, { ...chat, scheduledAt: t0 + 10, dueAt: t0 + 10 });
      }
      await retry(instanceId, t0 + 500);
      expect(await sendAll(instanceId, t0 + 10)).toEqual([`at ten, ${bela.chatId}`]);
      expect(await sendAll(instanceId, t0 + 500)).toEqual(["a", `at ten, ${anna.chatId}`]);
    });

    test("release: what waits for a restriction is due at once, in its order, and nothing else", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      for (const [n, chat] of [anna, bela, rita, anna].entries()) await add(instanceId, `${n}`, chat);
      await add(other, "of another instance");
      await retry(instanceId, t0 + hourMs, { waitsFor: "restriction" });
      await retry(instanceId, t0 + hourMs);
      const third = await retry(instanceId, t0 + hourMs, { waitsFor: "restriction" });
      await retry(other, t0 + hourMs, { waitsFor: "restriction" });
      expect(await store().queue.get({ instanceId, zaapId: third.zaapId })).toMatchObject({ waitsFor: "restriction" });
      const release = () => store().queue.release({ instanceId, waitsFor: "restriction", now: t0 + 5 });
      expect(await release()).toBe(2);
      expect(await release()).toBe(0);
      expect((await store().queue.get({ instanceId, zaapId: third.zaapId }))?.waitsFor).toBeUndefined();
      expect(await store().queue.instancesWithWork({ now: t0 + 5, limit: 10_000 })).toContain(instanceId);
      expect(await sendAll(instanceId, t0 + 5)).toEqual(["0", "2", "3"]);
      expect(await claim(other, t0 + 5)).toBeUndefined();
    });

    test("release: of one chat alone", async () => {
      const instanceId = await addInstance(store());
      for (const chat of [anna, bela]) await add(instanceId, chat.chatId, chat);
      for (const _ of [anna, bela]) await retry(instanceId, t0 + hourMs, { waitsFor: "restriction" });
      const release = () =>
        store().queue.release({ instanceId, waitsFor: "restriction", chatId: bela.chatId, now: t0 + 5 });
      expect([await release(), await release()]).toEqual([1, 0]);
      expect(await sendAll(instanceId, t0 + 5)).toEqual([bela.chatId]);
    });

    test("release: of what ended meanwhile nothing comes back", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a", anna);
      const { zaapId } = await retry(instanceId, t0 + hourMs, { waitsFor: "restriction" });
      await store().queue.cancel({ instanceId, zaapId, now: t0 });
      expect(await store().queue.release({ instanceId, waitsFor: "restriction", now: t0 })).toBe(0);
      expect(await stateOf(instanceId, zaapId)).toBe("canceled");
    });

    test("release: thousands at once", async () => {
      const instanceId = await addInstance(store());
      const count = 1_100;
      await Promise.all(range(1, count).map((n) => add(instanceId, `${n}`, { chatId: `${n}@s.whatsapp.net` })));
      for (const _ of range(1, count)) await retry(instanceId, t0 + hourMs, { waitsFor: "restriction" });
      expect(await store().queue.release({ instanceId, waitsFor: "restriction", now: t0 })).toBe(count);
      expect(wordsOf(await claim(instanceId))).toBe("1");
    });

    test("a clock that was set back makes nobody wait who was set aside", async () => {
      const instanceId = await addInstance(store());
      for (const [n, chat] of [anna, bela].entries()) await add(instanceId, `${n}`, chat);
      await retry(instanceId, t0 + hourMs);
      await retry(instanceId, t0 + 2 * hourMs);
      expect(await sendAll(instanceId, t0 - hourMs)).toEqual(["0", "1"]);
    });
  });
}
