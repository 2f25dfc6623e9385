import { proto, writeRandomPadMax16, type BinaryNode } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import type { Store } from "#store/store.ts";
import type { InboundBatch } from "#whatsapp/inbound.ts";
import { plaintextEntry, stanzaEntry } from "#whatsapp/journal-entry.ts";
import { replayJournal } from "#whatsapp/replay.ts";
import { openTestStore } from "../support/store.ts";
import { handClock } from "./support.ts";

const instanceId = "A".repeat(32);
const own = { id: "5511999990001:1@s.whatsapp.net", lid: "111:1@lid" };
const contact = "5511888880002@s.whatsapp.net";
const group = "120363000000000001@g.us";
const signal = new AbortController().signal;
const clock = handClock();
let store: Store;
let batches: InboundBatch[];

beforeEach(async () => {
  store = await openTestStore();
  batches = [];
  await store.authState.fence({ instanceId, token: 1 });
});

afterEach(() => store[Symbol.asyncDispose]());

const keep = (...journal: JournalEntry[]) => store.authState.commit({ instanceId, token: 1, journal });

const decrypted = (
  attrs: Record<string, string>,
  message: proto.IMessage,
  contentHash = attrs["id"] ?? "",
): JournalEntry =>
  plaintextEntry({
    contentHash,
    attrs,
    plaintext: writeRandomPadMax16(proto.Message.encode(proto.Message.fromObject(message)).finish()),
    now: clock.now(),
  });

function replay(options: { receive?: (batch: InboundBatch) => Promise<void> | undefined; olderThanMs?: number } = {}) {
  const { receive, ...input } = options;
  const inbound = {
    receive: (batch: InboundBatch) => {
      batches.push(batch);
      return receive?.(batch);
    },
  };
  const deps = { authState: store.authState, inbound, clock, log: silentLog };
  return replayJournal(deps, { instanceId, own, ...input }, signal);
}

describe("journal replay", () => {
  it("a decrypted message becomes the event Baileys would have made of it", async () => {
    await keep(
      decrypted(
        { id: "M1", from: contact, type: "text", t: "1700000000", notify: "Bob", sender_lid: "222@lid" },
        { conversation: "oi" },
      ),
    );
    expect(await replay()).toEqual({ rows: 1, unfinished: [] });
    expect(batches).toHaveLength(1);
    expect(batches[0]).toMatchObject({
      instanceId,
      own: { phone: "5511999990001", lid: "111" },
      journalIds: ["M1"],
      offline: false,
    });
    expect(batches[0]?.events?.["messages.upsert"]).toMatchObject({
      type: "notify",
      messages: [
        {
          key: { remoteJid: contact, fromMe: false, id: "M1" },
          message: { conversation: "oi" },
          pushName: "Bob",
          messageTimestamp: 1700000000,
        },
      ],
    });
  });

  it("one that came from the backlog stays one from the backlog", async () => {
    await keep(decrypted({ id: "M1", from: contact, t: "1", offline: "1" }, { conversation: "oi" }));
    await replay();
    expect(batches[0]).toMatchObject({ offline: true, events: { "messages.upsert": { type: "append" } } });
  });

  it("a message typed on the own phone is ours, in the chat it went to", async () => {
    const sent = { deviceSentMessage: { destinationJid: contact, message: { conversation: "typed" } } };
    await keep(decrypted({ id: "M1", from: "5511999990001@s.whatsapp.net", recipient: contact, t: "1" }, sent));
    await replay();
    expect(batches[0]?.events?.["messages.upsert"]?.messages[0]).toMatchObject({
      key: { remoteJid: contact, fromMe: true },
      message: { conversation: "typed" },
    });
  });

  it("the two halves of a first group message are one", async () => {
    const attrs = { id: "G1", from: group, participant: contact, t: "1" };
    const key = {
      senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage: Buffer.from("k") },
    };
    await keep(decrypted(attrs, key, "first"));
    await keep(decrypted(attrs, { conversation: "all" }, "second"));
    expect(await replay()).toMatchObject({ rows: 2 });
    expect(batches).toHaveLength(1);
    expect(batches[0]?.events?.["messages.upsert"]?.messages[0]?.message).toMatchObject({
      conversation: "all",
      senderKeyDistributionMessage: { groupId: group },
    });
  });

  it("receipts, notifications and calls come raw; the latter two go to Baileys again", async () => {
    const nodes: BinaryNode[] = [
      { tag: "receipt", attrs: { id: "X", from: contact, type: "read", t: "1" } },
      {
        tag: "notification",
        attrs: { id: "N", from: group, type: "w:gp2" },
        content: [{ tag: "subject", attrs: { subject: "s" } }],
      },
      { tag: "call", attrs: { id: "C", from: contact, offline: "1" } },
    ];
    const entries = nodes.map((node) => stanzaEntry(node, clock.now()));
    await keep(...entries);
    const { unfinished } = await replay();
    expect(batches.map(({ stanza }) => stanza)).toEqual(nodes);
    expect(batches.map(({ journalIds }) => journalIds[0])).toEqual(entries.map(({ stanzaId }) => stanzaId));
    expect(batches.map(({ offline }) => offline)).toEqual([false, false, true]);
    expect(unfinished.map(({ tag }) => tag)).toEqual(["notification", "call"]);
  });

  it("a channel post becomes a message, one without any body a placeholder", async () => {
    const content = Buffer.from(proto.Message.encode({ conversation: "post" }).finish());
    const channel = "120363000000000009@newsletter";
    await keep(
      stanzaEntry(
        {
          tag: "message",
          attrs: { id: "P", from: channel, t: "1" },
          content: [{ tag: "plaintext", attrs: {}, content }],
        },
        1,
      ),
      stanzaEntry(
        { tag: "message", attrs: { id: "U", from: contact, t: "1" }, content: [{ tag: "unavailable", attrs: {} }] },
        1,
      ),
    );
    await replay();
    const [post, placeholder] = batches.map(({ events }) => events?.["messages.upsert"]?.messages[0]);
    expect(post).toMatchObject({ key: { remoteJid: channel, id: "P" }, message: { conversation: "post" } });
    expect(placeholder).toMatchObject({ messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT });
    expect(batches.map(({ journalIds }) => journalIds)).toEqual([["P"], ["U"]]);
  });

  it("a history notification is given to Baileys again, in the clear", async () => {
    const protocolMessage = { type: 5, historySyncNotification: { syncType: 0 } };
    await keep(
      decrypted({ id: "H", from: "5511999990001@s.whatsapp.net", category: "peer", t: "1" }, { protocolMessage }),
    );
    const { unfinished } = await replay();
    expect(unfinished).toMatchObject([
      { tag: "message", attrs: { id: "H", category: "peer" }, content: [{ tag: "plaintext" }] },
    ]);
    const body = Array.isArray(unfinished[0]?.content) ? unfinished[0].content[0]?.content : undefined;
    expect(proto.Message.decode(body as Uint8Array).protocolMessage?.historySyncNotification).toBeDefined();
  });

  it("only what is still without an event, page after page, and not younger than asked", async () => {
    const rows = Array.from({ length: 230 }, (_, at) =>
      decrypted({ id: `M${at}`, from: contact, t: "1" }, { conversation: `${at}` }),
    );
    await keep(...rows);
    await store.authState.settleJournal({ instanceId, stanzaIds: ["M0", "M1"], now: 1 });
    expect(await replay({ olderThanMs: 1_000 })).toMatchObject({ rows: 0 });
    expect(await replay()).toMatchObject({ rows: 228 });
    expect(batches.map(({ journalIds }) => journalIds[0])).toEqual(rows.slice(2).map(({ stanzaId }) => stanzaId));
  });

  it("waits while the buffer is full", async () => {
    await keep(
      decrypted({ id: "M1", from: contact, t: "1" }, { conversation: "1" }),
      decrypted({ id: "M2", from: contact, t: "1" }, { conversation: "2" }),
    );
    const { promise: room, resolve } = Promise.withResolvers<void>();
    const done = replay({ receive: (batch) => (batch.journalIds[0] === "M1" ? room : undefined) });
    await expect.poll(() => batches.length).toBe(1);
    resolve();
    await done;
    expect(batches).toHaveLength(2);
  });

  it("a row nobody can read is settled and does not stop the others", async () => {
    await keep({
      ...decrypted({ id: "BAD", from: contact, t: "1" }, { conversation: "1" }),
      payload: Buffer.from([255, 255, 1]),
    });
    await keep(decrypted({ id: "GOOD", from: contact, t: "1" }, { conversation: "2" }));
    await replay();
    expect(batches.map(({ journalIds }) => journalIds)).toEqual([["GOOD"]]);
    const pending = await store.authState.pendingJournal({ instanceId, limit: 10 });
    expect(pending.map(({ stanzaId }) => stanzaId)).toEqual(["GOOD"]);
  });
});
