import { type BaileysEventMap, proto, WAMessageStubType } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { type Capture, createCapture } from "#pipeline/capture/capture.ts";
import type { CaptureResult } from "#pipeline/capture-result.ts";

const instanceId = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };
const ana = "5511900000002@s.whatsapp.net";
const anaLid = "200000000000002@lid";
const group = "120363000000000001@g.us";

function world(): { readonly capture: Capture; readonly asked: string[] } {
  const asked: string[] = [];
  const capture = createCapture({
    directory: {
      pairs: async () => [],
      contacts: async () => [],
      chats: async () => [],
      phoneOf: async ({ lid }) => void asked.push(`phone of ${lid}`),
      lidOf: async ({ phone }) => void asked.push(`lid of ${phone}`),
      contact: async () => undefined,
      chat: async () => undefined,
    },
    messages: { get: async () => undefined, list: async () => [] },
    clock: { now: () => 1_700_000_000_000, monotonicMs: () => 0 },
    log: silentLog,
  });
  return { capture, asked };
}

const events = (capture: Capture, given: Partial<BaileysEventMap>): Promise<CaptureResult> =>
  capture.capture({ instanceId, own, events: given, journalIds: [], offline: false });

test("contacts: names go under the number, pairs are kept, and a changed picture is no picture", async () => {
  const { capture } = world();
  const { captured, records } = await events(capture, {
    "contacts.upsert": [
      { id: anaLid, phoneNumber: ana, name: "Ana", notify: "Ana B.", imgUrl: "https://pps.example/a" },
    ],
    "contacts.update": [
      { id: "300000000000003@lid", notify: "Bia", imgUrl: "changed" },
      { id: ana, imgUrl: "changed" },
    ],
  });
  expect(captured).toEqual([]);
  expect(records.lidPairs).toEqual([{ lid: "200000000000002", phone: "5511900000002" }]);
  expect(records.contacts).toEqual([
    { contactId: ana, name: "Ana", pushName: "Ana B.", photoUrl: "https://pps.example/a" },
    { contactId: "300000000000003@lid", pushName: "Bia" },
  ]);
});

test("contacts: a name no database takes is made storable", async () => {
  const { records } = await events(world().capture, { "contacts.upsert": [{ id: ana, notify: "A\0na" }] });
  expect(records.contacts).toEqual([{ contactId: ana, pushName: "A\uFFFDna" }]);
});

test("pairs: what was learnt is not asked for again", async () => {
  const { capture, asked } = world();
  await events(capture, { "lid-mapping.update": { lid: anaLid, pn: ana } });
  const { records } = await events(capture, {
    "chats.upsert": [{ id: anaLid, name: "Ana", conversationTimestamp: 5, unreadCount: 2, archived: true }],
  });
  expect(asked).toEqual([]);
  expect(records.chats).toEqual([
    { chatId: ana, name: "Ana", lastMessageAt: 5_000, unread: 2, extra: { archived: true } },
  ]);
});

test("chats: increments of updates are not taken for counts, zero is", async () => {
  const { capture } = world();
  const { records } = await events(capture, {
    "chats.update": [{ id: ana, unreadCount: 1, conversationTimestamp: 9 }, { id: group, unreadCount: 0 }, {}],
  });
  expect(records.chats).toEqual([{ chatId: group, unread: 0 }]);
});

test("groups: name and settings are kept", async () => {
  const { capture } = world();
  const { records } = await events(capture, {
    "groups.upsert": [
      { id: group, subject: "Family", owner: ana, participants: [], announce: false, desc: "All of us" },
    ],
    "groups.update": [{ id: group, restrict: true }],
  });
  expect(records.chats).toEqual([
    { chatId: group, name: "Family", extra: { description: "All of us", announce: false } },
    { chatId: group, extra: { restrict: true } },
  ]);
});

test("history: messages, chats and people become rows, and one event counts them", async () => {
  const { capture } = world();
  const { captured, records } = await events(capture, {
    "messaging-history.set": {
      chats: [{ id: anaLid, unreadCount: 1, conversationTimestamp: 7 }],
      contacts: [{ id: ana, notify: "Ana B." }],
      messages: [
        { key: { remoteJid: anaLid, fromMe: true, id: "H1" }, message: { conversation: "mine" }, messageTimestamp: 6 },
        {
          key: { remoteJid: anaLid, fromMe: false, id: "H2" },
          message: { conversation: "theirs" },
          messageTimestamp: 7,
        },
        { key: { remoteJid: anaLid, fromMe: false, id: "H3" }, messageStubType: WAMessageStubType.REVOKE },
      ],
      lidPnMappings: [{ lid: anaLid, pn: ana }],
      syncType: proto.HistorySync.HistorySyncType.RECENT,
      progress: 100,
      chunkOrder: 1,
    },
  });
  expect(captured).toMatchObject([{ kind: "history", syncType: "recent", conversationCount: 1, pushnameCount: 1 }]);
  expect(records.messages?.map(({ messageId, chatId, senderId }) => [messageId, chatId, senderId])).toEqual([
    ["H1", ana, "5511900000001@s.whatsapp.net"],
    ["H2", ana, anaLid],
  ]);
  expect(records.lidPairs).toEqual([{ lid: "200000000000002", phone: "5511900000002" }]);
});

test("labels: a label of a message is nobody's event", async () => {
  const association: object = { type: "label_message", chatId: ana, messageId: "M1", labelId: "5" };
  const { captured } = await events(world().capture, {
    "labels.association": { association, type: "add" } as BaileysEventMap["labels.association"],
  });
  expect(captured).toEqual([]);
});

test("receipts: what they say about our messages goes into the ledger, our own reading empties the chat", async () => {
  const { capture } = world();
  const read = await capture.capture({
    instanceId,
    own,
    journalIds: ["R1"],
    offline: false,
    stanza: {
      tag: "receipt",
      attrs: {
        from: group,
        participant: "200000000000002:4@lid",
        participant_pn: ana,
        id: "S1",
        type: "read",
        t: "1690000000",
      },
    },
  });
  expect(read.records.statuses).toEqual([
    { messageId: "S1", chatId: group, status: "read", participant: anaLid, at: 1_690_000_000_000 },
  ]);
  expect(read.journalIds).toEqual(["R1"]);
  const mine = await capture.capture({
    instanceId,
    own,
    journalIds: [],
    offline: false,
    stanza: { tag: "receipt", attrs: { from: "900000000000001:2@lid", recipient: ana, id: "M1", type: "read-self" } },
  });
  expect(mine.records.statuses).toEqual([]);
  expect(mine.records.chats).toEqual([{ chatId: ana, unread: 0 }]);
});
