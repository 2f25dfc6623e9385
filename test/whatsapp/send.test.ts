import { proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Outgoing } from "#domain/content.ts";
import type { SendResult } from "#domain/session.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;
let serial = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox);
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const wait = { timeout: 8_000 };
const nextId = (): string => `3EB0SEND${String((serial += 1)).padStart(4, "0")}`;

function send(
  outgoing: Partial<Outgoing> & { text: string },
  more: { messageId?: string; ackTimeoutMs?: number } = {},
): Promise<SendResult> {
  const { text, ...rest } = outgoing;
  return rig.sessions.send(
    {
      instanceId: rig.instanceId,
      messageId: more.messageId ?? nextId(),
      ackTimeoutMs: more.ackTimeoutMs ?? 5_000,
      outgoing: { to: `${rig.contact}@s.whatsapp.net`, content: { kind: "text", text }, options: {}, ...rest },
    },
    AbortSignal.timeout(10_000),
  );
}

/** What the contact got under this id, once it is there. */
async function received(messageId: string) {
  const find = async () =>
    (await sandbox.control.inbox({ number: rig.contact }, rig.signal)).find((entry) => entry.messageId === messageId);
  await expect.poll(find, wait).toBeDefined();
  return await find();
}

/** Stores what was sent, as the queue does. */
async function keep(messageId: string, result: SendResult): Promise<void> {
  if (result.outcome !== "acked") throw new Error(`not acked: ${result.error}`);
  const { chatId, senderId, at, type } = result;
  const message = {
    instanceId: rig.instanceId,
    chatId,
    messageId,
    fromMe: true,
    senderId,
    at,
    type,
    proto: result.proto,
  };
  await rig.store.messages.put({ messages: [message] });
}

describe("sending a text", () => {
  it("resolves with the server's ack, under the id it was given", async () => {
    const messageId = nextId();
    const result = await send({ text: "hello" }, { messageId });
    expect(result).toMatchObject({
      outcome: "acked",
      chatId: `${rig.contact}@s.whatsapp.net`,
      senderId: `${rig.number}@s.whatsapp.net`,
      type: "text",
    });
    if (result.outcome !== "acked") return;
    const sent = proto.WebMessageInfo.decode(result.proto);
    expect(sent.key).toMatchObject({ id: messageId, fromMe: true });
    expect(sent.message?.extendedTextMessage?.text).toBe("hello");
    expect(await received(messageId)).toMatchObject({ text: "hello", from: rig.number });
  });

  it("sent again under the same id, the contact shows it once", async () => {
    const messageId = nextId();
    await send({ text: "again" }, { messageId });
    await send({ text: "again" }, { messageId });
    await received(messageId);
    const inbox = await sandbox.control.inbox({ number: rig.contact }, rig.signal);
    expect(inbox.filter((entry) => entry.messageId === messageId)).toHaveLength(1);
  });

  it("quotes a stored message, and an unknown one by its id", async () => {
    const original = nextId();
    await keep(original, await send({ text: "original" }, { messageId: original }));
    const [known, unknown] = [nextId(), nextId()];
    await send({ text: "answer", options: { replyTo: original } }, { messageId: known });
    await send({ text: "answer", options: { replyTo: "3EB0UNKNOWN" } }, { messageId: unknown });
    expect((await received(known))?.content).toMatchObject({
      extendedTextMessage: {
        contextInfo: { stanzaId: original, quotedMessage: { extendedTextMessage: { text: "original" } } },
      },
    });
    expect((await received(unknown))?.content).toMatchObject({
      extendedTextMessage: { contextInfo: { stanzaId: "3EB0UNKNOWN" } },
    });
  });

  it("mentions people by number", async () => {
    const messageId = nextId();
    await send({ text: "hi @1", options: { mentioned: [rig.contact] } }, { messageId });
    expect((await received(messageId))?.content).toMatchObject({
      extendedTextMessage: { contextInfo: { mentionedJid: [`${rig.contact}@s.whatsapp.net`] } },
    });
  });

  it("edits an earlier message", async () => {
    const [original, edit] = [nextId(), nextId()];
    await send({ text: "tpyo" }, { messageId: original });
    await send({ text: "", content: { kind: "text", text: "typo", editMessageId: original } }, { messageId: edit });
    expect((await received(edit))?.content).toMatchObject({
      protocolMessage: {
        key: { id: original, fromMe: true },
        editedMessage: { extendedTextMessage: { text: "typo" } },
      },
    });
  });

  it("reaches a group", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, rig.contact] });
    const messageId = nextId();
    expect(await send({ text: "all", to: id }, { messageId })).toMatchObject({ outcome: "acked", chatId: id });
    expect(await received(messageId)).toMatchObject({ text: "all", chat: id });
  });

  it("to a number nobody has on WhatsApp is refused, and not asked about twice", async () => {
    const nobody = "5511900000404";
    await sandbox.control.addContact({ number: nobody, onWhatsApp: false });
    for (let time = 0; time < 2; time += 1) {
      expect(await send({ text: "x", to: `${nobody}@s.whatsapp.net` })).toEqual({
        outcome: "rejected",
        kind: "permanent",
        error: "Phone number does not exist",
      });
    }
  });
});

describe("what WhatsApp says to a message", () => {
  it.each([
    [463, "restricted"],
    [479, "permanent"],
  ])("error %i: %s", async (code, kind) => {
    const messageId = nextId();
    await sandbox.control.addFault({ type: "ack-error", match: { messageId }, code });
    expect(await send({ text: "x" }, { messageId })).toMatchObject({ outcome: "rejected", kind, code });
  });

  it("no ack in time: unknown, and the next try under the same id is acked", async () => {
    const messageId = nextId();
    await sandbox.control.addFault({ type: "ack-drop", match: { messageId } });
    expect(await send({ text: "x" }, { messageId, ackTimeoutMs: 200 })).toMatchObject({
      outcome: "unknown",
      kind: "timeout",
    });
    expect(await send({ text: "x" }, { messageId })).toMatchObject({ outcome: "acked" });
  });

  it("the connection breaks before the ack: disconnected, nothing consumed", async () => {
    const messageId = nextId();
    await sandbox.control.addFault({ type: "ack-drop", match: { messageId } });
    const sending = send({ text: "x" }, { messageId });
    await received(messageId);
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    expect(await sending).toMatchObject({ outcome: "unknown", kind: "disconnected" });
    await rig.opened();
  });

  it("not connected: disconnected at once", async () => {
    await using idle = await openSessionRig(sandbox);
    expect(await idle.sendText(nextId(), "x")).toMatchObject({ outcome: "unknown", kind: "disconnected" });
    expect(idle.sessions.isOpen(idle.instanceId)).toBe(false);
  });
});
