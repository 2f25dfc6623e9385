import { proto, type WAMessage } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

// Baileys merges what it holds back: an edit goes into the message before it, a live message into a chunk of history.

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  // Baileys merges edits only where it can read them.
  await sandbox.control.behaviour({ editForm: "plain" });
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

/** What each message handed over says, in order. */
function told(rig: SessionRig): readonly string[] {
  return rig.batches.flatMap(({ events }) => events?.["messages.upsert"]?.messages.map(sense) ?? []);
}

function sense({ key, message }: WAMessage): string {
  const protocol = message?.protocolMessage ?? message?.editedMessage?.message?.protocolMessage;
  if (protocol?.editedMessage) return `edit of ${protocol.key?.id}: ${textOf(protocol.editedMessage)}`;
  if (protocol?.key) return `revocation of ${protocol.key.id}`;
  return `${key.id}: ${textOf(message)}`;
}

function textOf(message: proto.IMessage | null | undefined): string {
  return message?.conversation ?? message?.extendedTextMessage?.text ?? "nothing";
}

/** Messages of the contact that are changed at once, by the number of the step. */
async function contactChanges(rig: SessionRig): Promise<readonly string[]> {
  const say = async (content: Parameters<typeof sandbox.control.contactSend>[0]["content"]): Promise<string> => {
    const { messageIds } = await sandbox.control.contactSend(
      { number: rig.contact, to: rig.number, content },
      rig.signal,
    );
    return messageIds[0]!;
  };
  const edited = await say({ text: "one" });
  await say({ edit: { messageId: edited, text: "two" } });
  const revoked = await say({ text: "three" });
  await say({ revoke: { messageId: revoked } });
  return [`${edited}: one`, `edit of ${edited}: two`, `${revoked}: three`, `revocation of ${revoked}`];
}

/** Messages of the contact whose journal entry no batch has settled. */
const unsettled = async (rig: SessionRig): Promise<number> =>
  (await rig.store.authState.pendingJournal({ instanceId: rig.instanceId, limit: 10 })).length;

describe("messages that are changed while Baileys holds them", () => {
  it("come as they were written, live", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const expected = await contactChanges(rig);
    await expect.poll(() => told(rig).slice(-4), wait).toEqual(expected);
    await expect.poll(() => unsettled(rig), wait).toBe(0);
  });

  it("come as they were written, out of the backlog", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await rig.sessions.stop(rig.instanceId);
    const expected = await contactChanges(rig);
    await rig.sessions.start(rig.instanceId);
    await expect.poll(() => told(rig).slice(-4), wait).toEqual(expected);
    await expect.poll(() => unsettled(rig), wait).toBe(0);
  });

  it("are not taken away by one that the owner deletes for themselves", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { ev } = rig.sessions.openSocket(rig.instanceId)!.sock;
    const hello = live(rig, "A1", "hello");
    ev.buffer();
    ev.emit("messages.upsert", { messages: [hello], type: "notify" });
    ev.emit("messages.delete", { keys: [hello.key] });
    ev.flush();
    await expect.poll(() => told(rig).at(-1), wait).toBe("A1: hello");
  });
});

function live(rig: SessionRig, id: string, text: string): WAMessage {
  const key = { remoteJid: `${rig.contact}@s.whatsapp.net`, id, fromMe: false };
  return { key, messageTimestamp: 1_700_000_000, message: { conversation: text } };
}

describe("a chunk of history", () => {
  const chunk = (rig: SessionRig, chunkOrder: number, ids: readonly string[]) => ({
    chats: [],
    contacts: [],
    messages: ids.map((id) => live(rig, id, `old ${id}`)),
    lidPnMappings: [],
    isLatest: false,
    progress: 50,
    syncType: proto.HistorySync.HistorySyncType.RECENT,
    chunkOrder,
  });

  it("does not keep a live message that it holds, too", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { ev } = rig.sessions.openSocket(rig.instanceId)!.sock;
    ev.buffer();
    ev.emit("messaging-history.set", chunk(rig, 1, ["B1", "B2"]));
    ev.emit("messages.upsert", { messages: [live(rig, "B2", "live")], type: "notify" });
    ev.flush();
    await expect.poll(() => told(rig).at(-1), wait).toBe("B2: live");
  });

  it("stays one of several, with all that it holds", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { ev } = rig.sessions.openSocket(rig.instanceId)!.sock;
    const before = rig.batches.length;
    ev.buffer();
    ev.emit("messaging-history.set", chunk(rig, 1, ["C1", "C2"]));
    ev.emit("messaging-history.set", chunk(rig, 2, ["C2", "C3"]));
    ev.flush();
    const chunks = () =>
      rig.batches
        .slice(before)
        .flatMap(({ events }) => events?.["messaging-history.set"] ?? [])
        .map(({ chunkOrder, messages }) => [chunkOrder, messages.map(({ key }) => key.id)]);
    await expect.poll(chunks, wait).toEqual([
      [1, ["C1", "C2"]],
      [2, ["C2", "C3"]],
    ]);
  });
});
