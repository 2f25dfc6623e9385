import { createCipheriv, hkdfSync } from "node:crypto";
import { proto, type WAMessage } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CapturedMessage } from "#domain/captured.ts";
import type { Store } from "#store/store.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, startRig, type Rig } from "./rig.ts";

/** What is sealed with the secret of a message that comes after the process has died. */
const id = "A".repeat(32);
const own = { phone: "5511900000001" };
const ana = "5511900000002@s.whatsapp.net";
const secret = Buffer.alloc(32, 3);
const target = "ORIGINAL";
const dayMs = 86_400_000;

let store: Store;
let time: FakeTime;
let rig: Rig;
let lists: number;

beforeEach(async () => {
  const opened = await openTestStore();
  lists = 0;
  const list: Store["messages"]["list"] = (input) => {
    lists += 1;
    return opened.messages.list(input);
  };
  store = { ...opened, messages: { ...opened.messages, list } };
  await store.instances.create({ instance: instanceOf(id, {}) });
  time = createFakeTime();
  rig = startRig(store, { time });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

/** Nothing but the store is left. */
async function restart(): Promise<void> {
  await rig[Symbol.asyncDispose]();
  rig = startRig(store, { time });
}

async function receive(messageId: string, message: proto.IMessage): Promise<void> {
  const key = { remoteJid: ana, fromMe: false, id: messageId };
  const info = { key, message, messageTimestamp: Math.floor(time.clock.now() / 1_000) } as WAMessage;
  const events = { "messages.upsert": { type: "notify" as const, messages: [info] } };
  void rig.pipeline.receive({ instanceId: id, own, events, journalIds: [], offline: false });
  await rig.pipeline.stored();
}

/** Sealed as Ana's phone does it. */
function sealed(use: string, content: Uint8Array): { readonly encPayload: Uint8Array; readonly encIv: Uint8Array } {
  const key = new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(32), `${target}${ana}${ana}${use}`, 32));
  const encIv = Buffer.alloc(12, use.length);
  const cipher = createCipheriv("aes-256-gcm", key, encIv);
  return { encPayload: Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]), encIv };
}
const targetMessageKey = { remoteJid: ana, fromMe: false, id: target };
const edit = (conversation: string): proto.IMessage => ({
  secretEncryptedMessage: {
    targetMessageKey,
    secretEncType: proto.Message.SecretEncryptedMessage.SecretEncType.MESSAGE_EDIT,
    ...sealed("Message Edit", proto.Message.encode({ conversation }).finish()),
  },
});
const reaction = (text: string): proto.IMessage => ({
  encReactionMessage: {
    targetMessageKey,
    ...sealed("Enc Reaction", proto.Message.ReactionMessage.encode({ text, senderTimestampMs: 1 }).finish()),
  },
});
const original: proto.IMessage = { conversation: "Helo", messageContextInfo: { messageSecret: secret } };

/** What the customer was told, oldest first: id and text or kind. */
async function told(): Promise<readonly (readonly [string, string | undefined])[]> {
  const rows = await store.events.list({ instanceId: id, limit: 100 });
  return rows.toReversed().map(({ captured }) => {
    const { messageId = "", content } = JSON.parse(captured) as Partial<CapturedMessage>;
    return [messageId, content?.type === "text" ? content.text : content?.type];
  });
}

test("is opened when that message comes, in the order it came in", async () => {
  await receive("EDIT", edit("Hello"));
  await receive("REACTION", reaction("👍"));
  await receive("OTHER", { conversation: "in between" });
  await restart();
  await receive(target, original);
  expect(await told()).toEqual([
    ["EDIT", "other"],
    ["REACTION", "other"],
    ["OTHER", "in between"],
    [target, "Helo"],
    ["EDIT", "Hello"],
    ["REACTION", "reaction"],
  ]);
  const stored = await store.messages.get({ instanceId: id, messageId: target });
  expect(proto.WebMessageInfo.decode(stored!.proto).message?.conversation).toBe("Hello");
});

test("is told of once, however often that message and the process come again", async () => {
  await receive("EDIT", edit("Hello"));
  for (let start = 0; start < 3; start += 1) {
    await restart();
    await receive(target, original);
  }
  expect(await told()).toHaveLength(3);
});

test("is opened by the history that the phone was asked for, which nobody is told of", async () => {
  await receive("EDIT", edit("Hello"));
  await restart();
  const key = { remoteJid: ana, fromMe: false, id: target };
  const messages = [{ key, message: original, messageTimestamp: 1_600_000_000 } as WAMessage];
  const syncType = proto.HistorySync.HistorySyncType.ON_DEMAND;
  const events = { "messaging-history.set": { chats: [], contacts: [], messages, syncType } };
  await rig.pipeline.receive({ instanceId: id, own, events, journalIds: [], offline: false });
  const kinds = (await store.events.list({ instanceId: id, limit: 100 })).map(({ kind }) => kind);
  expect(kinds.toReversed()).toEqual(["message", "history", "message"]);
  expect((await told()).at(-1)).toEqual(["EDIT", "Hello"]);
});

test("is left as it is after a day", async () => {
  await receive("EDIT", edit("Hello"));
  time.advance(dayMs + 1_000);
  await restart();
  await receive(target, original);
  expect(await told()).toEqual([
    ["EDIT", "other"],
    [target, "Helo"],
  ]);
});

test("a chat in which nothing waits is not looked through", async () => {
  await receive("FIRST", { conversation: "one" });
  await receive(target, original);
  await receive("EDIT", edit("Hello"));
  expect(lists).toBe(0);
  expect((await told()).at(-1)).toEqual(["EDIT", "Hello"]);
});
