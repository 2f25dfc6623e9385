import { proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createCapture } from "#pipeline/capture/capture.ts";
import type { StoredMessage } from "#store/records.ts";
import { resendContent } from "#whatsapp/retries/resend-content.ts";

const instanceId = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };
const ana = "5511900000002@s.whatsapp.net";
const group = "120363000000000001@g.us";
const clock = { now: () => 1_700_000_000_000, monotonicMs: () => 0 };

function messageOf(chatId: string, fromMe: boolean): StoredMessage {
  const info = { key: { remoteJid: chatId, fromMe, id: "M" }, message: { conversation: "secret" } };
  return {
    instanceId,
    chatId,
    messageId: "M",
    fromMe,
    senderId: fromMe ? `${own.phone}@s.whatsapp.net` : ana,
    at: clock.now(),
    type: "text",
    proto: proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(info)).finish(),
  };
}

/** What is stored once somebody has taken the message back. */
async function takenBack(stored: StoredMessage, by: { readonly fromMe: boolean }): Promise<StoredMessage | undefined> {
  const { capture } = createCapture({
    directory: {
      pairs: async () => [],
      contacts: async () => [],
      chats: async () => [],
      phoneOf: async () => undefined,
      lidOf: async () => undefined,
      contact: async () => undefined,
      chat: async () => undefined,
    },
    messages: { get: async () => stored, list: async () => [] },
    clock,
    log: silentLog,
  });
  const { chatId } = stored;
  const participant = chatId === group && !by.fromMe ? { participant: ana } : {};
  const key = { remoteJid: chatId, fromMe: by.fromMe, id: "R", ...participant };
  const protocolMessage = { type: proto.Message.ProtocolMessage.Type.REVOKE, key: { remoteJid: chatId, id: "M" } };
  const { records } = await capture({
    instanceId,
    own,
    events: { "messages.upsert": { messages: [{ key, message: { protocolMessage } }], type: "notify" } },
    journalIds: [],
    offline: false,
  });
  return records.messages?.find(({ messageId }) => messageId === "M");
}

const askedAgain = async (stored: StoredMessage) =>
  resendContent(
    {
      messages: { get: async () => stored },
      clock,
      maxAgeMs: 1_000,
      recent: () => undefined,
      isWithdrawn: () => false,
    },
    { instanceId, messageId: "M", chats: [stored.chatId] },
  );

test.each([
  ["on the own phone", ana, true],
  ["in a group, on the own phone", group, true],
  ["in a group, by who runs it", group, false],
])("a message of ours that is taken back %s is not sent again", async (_where, chat, fromMe) => {
  const before = messageOf(chat, true);
  expect(await askedAgain(before)).toMatchObject({ message: { conversation: "secret" } });
  const after = await takenBack(before, { fromMe });
  expect(await askedAgain(after!)).toBe("revoked");
});

test.each([
  ["of somebody else", messageOf(ana, false), false],
  ["of ours, by the other one of a private chat", messageOf(ana, true), false],
])("a message %s stays as it is stored", async (_whose, stored, fromMe) => {
  expect(await takenBack(stored, { fromMe })).toBeUndefined();
});
