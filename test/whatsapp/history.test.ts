import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { defaultAttendantsOptions } from "../../src/engine-attendants.ts";
import { type EngineRig, openEngineRig } from "../faults/engine-rig.ts";
import { watchOwnMemory } from "../support/live-memory.ts";
import { openTestSandbox } from "../support/sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 60_000, interval: 50 };
/** Nobody asks for pictures meanwhile. */
const quiet = { ...defaultAttendantsOptions, names: { ...defaultAttendantsOptions.names, everyMs: 0 } };

const numbers = (rig: EngineRig, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${rig.contact}${String(n).padStart(2, "0")}`);
const jid = (number: string): string => `${number}@s.whatsapp.net`;

/** How many messages of each of these chats are stored. */
async function storedIn(rig: EngineRig, chats: readonly string[]): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const number of chats) {
    const rows = await rig.inner.messages.list({ instanceId: rig.instanceId, chatId: jid(number), limit: 10_000 });
    counts.push(rows.length);
  }
  return counts;
}

function types(rig: EngineRig): readonly unknown[] {
  return rig.receiver.taken.map(({ body }) => (JSON.parse(body) as { type?: unknown }).type);
}

describe("the history of the phone", () => {
  it("10 000 messages in chunks become rows, nobody is told, and memory stays flat", { timeout: 120_000 }, async () => {
    await using rig = await openEngineRig(sandbox, { options: { attendants: quiet } });
    const contacts = numbers(rig, 20);
    using watch = watchOwnMemory();
    const { chunks } = await sandbox.control.history({ number: rig.number, contacts, messages: 500, perChunk: 1_000 });
    expect(chunks).toBe(10);
    await expect.poll(async () => (await storedIn(rig, contacts)).reduce((sum, n) => sum + n, 0), wait).toBe(10_000);
    const { bytes, samples } = watch.growth();
    watch[Symbol.dispose]();
    console.log(
      `history of 10 000 messages in ${chunks} chunks: ${Math.round(bytes / 1_048_576)} MB held at the most in ${samples} looks, sandbox included`,
    );
    expect(samples).toBeGreaterThan(2);
    expect(bytes).toBeLessThan(50 * 1_048_576);
    const chats = await rig.inner.directory.chats({ instanceId: rig.instanceId, offset: 0, limit: 100 });
    expect(contacts.every((number) => chats.some(({ chatId }) => chatId === jid(number)))).toBe(true);
    // The pairs of the history are in the table.
    const lid = await rig.inner.directory.lidOf({ instanceId: rig.instanceId, phone: contacts[0]! });
    expect(lid).toMatch(/^\d+$/);
    expect(await rig.inner.directory.phoneOf({ instanceId: rig.instanceId, lid: lid! })).toBe(contacts[0]);
    const [last] = await rig.receive("now");
    await expect.poll(() => rig.delivered(), wait).toEqual([last]);
    expect(types(rig)).not.toContain("HistorySyncCallback");
  });

  it("a message that comes live although a chunk held it is told at once", async () => {
    await using rig = await openEngineRig(sandbox, { options: { attendants: quiet } });
    await sandbox.control.history({ number: rig.number, contacts: [rig.contact], messages: 4 });
    const chat = { instanceId: rig.instanceId, chatId: jid(rig.contact), limit: 10 };
    await expect.poll(() => rig.inner.messages.list(chat), wait).toHaveLength(4);
    const messageId = (await rig.inner.messages.list(chat)).find(({ fromMe }) => !fromMe)!.messageId;
    const letter = { number: rig.contact, to: rig.number, content: { text: "again" }, messageId };
    await sandbox.control.contactSend(letter, rig.signal);
    // Long before the journal is looked through.
    await expect.poll(() => rig.delivered(), wait).toEqual([messageId]);
    expect(rig.logged.filter(({ message }) => message === "journal replayed")).toEqual([]);
  });

  it("whoever has a URL for it gets one callback a chunk, with counters", async () => {
    const hooks = (url: string) => ({ historySync: url });
    await using rig = await openEngineRig(sandbox, { hooks, options: { attendants: quiet } });
    const contacts = numbers(rig, 3);
    await sandbox.control.history({ number: rig.number, contacts, messages: 10, perChunk: 10 });
    const bodies = () =>
      rig.receiver.taken
        .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
        .filter(({ syncType }) => syncType === "recent");
    await expect.poll(() => bodies().length, wait).toBe(3);
    expect(bodies()).toMatchObject([
      { type: "HistorySyncCallback", chunkOrder: 1, progress: 33, conversationCount: 1, data: null },
      { type: "HistorySyncCallback", chunkOrder: 2, progress: 67, conversationCount: 1, data: null },
      { type: "HistorySyncCallback", chunkOrder: 3, progress: 100, conversationCount: 1, data: null },
    ]);
  });
});

describe("a chat without its newest messages", () => {
  it("is asked for, once, and what the phone answers is stored and told to nobody", { timeout: 120_000 }, async () => {
    const attendants = { ...quiet, gaps: { ...quiet.gaps, settleMs: 0, maxAsks: 1 } };
    await using rig = await openEngineRig(sandbox, { options: { attendants } });
    const contacts = numbers(rig, 2);
    await sandbox.control.history({ number: rig.number, contacts, messages: 5, headsOnly: true });
    const known = async (): Promise<number> => {
      const chats = await rig.inner.directory.chats({ instanceId: rig.instanceId, offset: 0, limit: 10 });
      return contacts.filter((number) => chats.some(({ chatId }) => chatId === jid(number))).length;
    };
    await expect.poll(known, wait).toBe(2);
    expect(await storedIn(rig, contacts)).toEqual([0, 0]);
    // A new connection is what makes it look.
    await rig.restart("peace");
    await rig.opened();
    const round = async (): Promise<readonly number[]> => {
      await rig.engine().reconcile.request();
      return await storedIn(rig, contacts);
    };
    const found = (): readonly unknown[] =>
      rig.logged.filter(({ fields }) => fields["finding"] === "history").map(({ fields }) => fields["count"]);
    await expect.poll(round, wait).toEqual([5, 5]);
    expect(found()).toEqual([1, 1]);
    await rig.engine().reconcile.request();
    expect(types(rig)).not.toContain("ReceivedCallback");
    // Also not again after the next reconnect.
    await rig.restart("peace");
    await rig.opened();
    await rig.engine().reconcile.request();
    expect(found()).toEqual([1, 1]);
  });

  it("is noticed when the phone does not answer", { timeout: 60_000 }, async () => {
    const attendants = { ...quiet, gaps: { ...quiet.gaps, settleMs: 0 } };
    const sessions = { phoneQuestions: { silentMs: 20 } };
    await using rig = await openEngineRig(sandbox, { options: { attendants, sessions } });
    const contacts = numbers(rig, 1);
    await sandbox.control.history({ number: rig.number, contacts, messages: 5, headsOnly: true });
    const row = () => rig.inner.directory.chat({ instanceId: rig.instanceId, chatId: jid(contacts[0]!) });
    await expect.poll(row, wait).toBeDefined();
    await sandbox.control.behaviour({ phoneAnswers: false });
    await rig.restart("peace");
    await rig.opened();
    const silences = async (): Promise<readonly unknown[]> => {
      await rig.engine().reconcile.request();
      return rig.logged.filter(({ message }) => message.startsWith("the phone does not answer"));
    };
    await expect.poll(silences, wait).toMatchObject([{ fields: { question: "history", forMs: 20 } }]);
    await sandbox.control.behaviour({ phoneAnswers: true });
  });
});

describe("a chunk that did not arrive", () => {
  it(
    "its notice stays in the journal until the chunk is stored, and a restart fetches it",
    { timeout: 120_000 },
    async () => {
      await using rig = await openEngineRig(sandbox, { options: { attendants: quiet } });
      const contacts = numbers(rig, 1);
      const pending = async () =>
        (await rig.inner.authState.pendingJournal({ instanceId: rig.instanceId, limit: 10 })).length;
      await expect.poll(pending, wait).toBe(0);
      await sandbox.control.addFault({ type: "download-fail", times: 50, code: 500 });
      await sandbox.control.history({ number: rig.number, contacts, messages: 5 });
      const [behind] = await rig.receive("behind it");
      await expect.poll(() => rig.delivered(), wait).toEqual([behind]);
      await expect.poll(pending, wait).toBe(1);
      expect(await storedIn(rig, contacts)).toEqual([0]);
      await sandbox.control.clearFaults();
      await rig.restart("cut");
      await expect.poll(() => storedIn(rig, contacts), wait).toEqual([5]);
      await expect.poll(pending, wait).toBe(0);
    },
  );
});
