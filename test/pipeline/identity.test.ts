import type { BaileysEventMap, BinaryNode, WAMessageKey } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { renderCallback } from "#callbacks/catalogue.ts";
import { silentLog } from "#lib/log.ts";
import { type Capture, createCapture } from "#pipeline/capture/capture.ts";
import type { CaptureResult } from "#pipeline/capture-result.ts";

/** Phones and LIDs: who is shown as what, and where the pairs are learnt from. */
const instanceId = "A".repeat(32);
const own = { phone: "5511900000001", lid: "900000000000001" };
const phone = "5511900000002";
const lid = "200000000000002";
const ana = `${phone}@s.whatsapp.net`;
const anaLid = `${lid}@lid`;
const group = "120363000000000001@g.us";

interface World {
  readonly capture: Capture;
  readonly batch: (input: {
    events?: Partial<BaileysEventMap>;
    stanza?: BinaryNode;
  }) => Promise<{ readonly result: CaptureResult; readonly payloads: readonly Readonly<Record<string, unknown>>[] }>;
}

/** A capture whose table knows nothing, or this one pair. */
function world(known = false): World {
  const capture = createCapture({
    directory: {
      pairs: async () => [],
      contacts: async () => [],
      chats: async () => [],
      phoneOf: async (asked) => (known && asked.lid === lid ? phone : undefined),
      lidOf: async (asked) => (known && asked.phone === phone ? lid : undefined),
      contact: async () => undefined,
      chat: async () => undefined,
    },
    messages: { get: async () => undefined, list: async () => [] },
    clock: { now: () => 1_700_000_000_000, monotonicMs: () => 0 },
    log: silentLog,
  });
  return {
    capture,
    batch: async (input) => {
      const result = await capture.capture({ instanceId, own, journalIds: [], offline: false, ...input });
      const payloads = result.captured.map(
        (captured) => renderCallback(captured, { instanceId, media: () => undefined }).payload,
      );
      return { result, payloads };
    },
  };
}

const message = (key: WAMessageKey): { events: Partial<BaileysEventMap> } => ({
  events: {
    "messages.upsert": {
      type: "notify",
      messages: [{ key: { id: "M1", fromMe: false, ...key }, message: { conversation: "hi" }, messageTimestamp: 1 }],
    },
  },
});

describe("how a chat and its people are shown", () => {
  const cases: readonly [string, WAMessageKey, boolean, object][] = [
    ["a number", { remoteJid: ana }, false, { phone, chatLid: null, isGroup: false }],
    ["a number with a device", { remoteJid: `${phone}:12@s.whatsapp.net` }, false, { phone, isGroup: false }],
    ["a number whose LID is known", { remoteJid: ana }, true, { phone, chatLid: anaLid }],
    ["the old server of numbers", { remoteJid: `${phone}@c.us` }, false, { phone }],
    ["a LID without a number", { remoteJid: anaLid }, false, { phone: anaLid, chatLid: anaLid, isGroup: false }],
    ["a LID whose number is known", { remoteJid: anaLid }, true, { phone, chatLid: anaLid, isGroup: false }],
    ["a LID with its number beside it", { remoteJid: anaLid, remoteJidAlt: ana }, false, { phone, chatLid: anaLid }],
    ["a number with its LID beside it", { remoteJid: ana, remoteJidAlt: anaLid }, false, { phone, chatLid: anaLid }],
    [
      "our own message, whose other half is ourselves",
      { remoteJid: anaLid, remoteJidAlt: `${own.phone}@s.whatsapp.net`, fromMe: true },
      false,
      { phone: anaLid, chatLid: anaLid, fromMe: true },
    ],
    [
      "a group member by LID",
      { remoteJid: group, participant: anaLid },
      false,
      {
        phone: "120363000000000001-group",
        chatLid: null,
        participantPhone: lid,
        participantLid: anaLid,
        isGroup: true,
      },
    ],
    [
      "a group member by LID, number known",
      { remoteJid: group, participant: `${lid}:7@lid` },
      true,
      { participantPhone: phone, participantLid: anaLid },
    ],
    [
      "a group member with the number beside it",
      { remoteJid: group, participant: anaLid, participantAlt: ana },
      false,
      { participantPhone: phone, participantLid: anaLid },
    ],
    [
      "an old group",
      { remoteJid: "5511900000002-1600000000@g.us", participant: ana },
      false,
      { phone: "5511900000002-1600000000-group" },
    ],
    [
      "a status post",
      { remoteJid: "status@broadcast", participant: ana },
      false,
      { phone: "status@broadcast", isGroup: false },
    ],
    ["a channel", { remoteJid: "120363000000000009@newsletter" }, false, { phone: "120363000000000009@newsletter" }],
  ];
  it.each(cases)("%s", async (_, key, known, shown) => {
    const { payloads } = await world(known).batch(message(key));
    expect(payloads).toHaveLength(1);
    expect(payloads[0]).toMatchObject(shown);
  });
});

describe("where pairs are learnt", () => {
  const stanza = (tag: string, attrs: BinaryNode["attrs"], content?: BinaryNode[]) => ({
    stanza: { tag, attrs: { id: "S1", t: "1690000000", ...attrs }, ...(content === undefined ? {} : { content }) },
  });
  const event = (name: keyof BaileysEventMap, value: unknown) => ({
    events: { [name]: value } as Partial<BaileysEventMap>,
  });
  const sources: readonly [string, Parameters<World["batch"]>[0]][] = [
    ["a message by LID", message({ remoteJid: anaLid, remoteJidAlt: ana })],
    ["a message by number", message({ remoteJid: ana, remoteJidAlt: anaLid })],
    ["a message in a group", message({ remoteJid: group, participant: anaLid, participantAlt: ana })],
    ["the client's own table", event("lid-mapping.update", { lid: anaLid, pn: ana })],
    ["a contact", event("contacts.upsert", [{ id: ana, lid: anaLid }])],
    ["a contact by LID", event("contacts.update", [{ id: anaLid, phoneNumber: ana }])],
    [
      "the members of a group",
      event("groups.upsert", [{ id: group, participants: [{ id: anaLid, phoneNumber: ana }] }]),
    ],
    ["a change of a group", event("groups.update", [{ id: group, participants: [{ id: ana, lid: anaLid }] }])],
    [
      "the history",
      event("messaging-history.set", {
        chats: [],
        contacts: [],
        messages: [],
        lidPnMappings: [{ lid: anaLid, pn: ana }],
      }),
    ],
    ["a receipt", stanza("receipt", { from: anaLid, sender_pn: ana })],
    ["a receipt of a number", stanza("receipt", { from: ana, sender_lid: anaLid })],
    ["a receipt in a group", stanza("receipt", { from: group, participant: `${lid}:3@lid`, participant_pn: ana })],
    [
      "a call",
      stanza("call", { from: anaLid }, [
        { tag: "offer", attrs: { "call-id": "C", "call-creator": `${lid}:1@lid`, caller_pn: ana } },
      ]),
    ],
    [
      "a new member",
      stanza("notification", { from: group, type: "w:gp2" }, [
        { tag: "add", attrs: {}, content: [{ tag: "participant", attrs: { jid: anaLid, phone_number: ana } }] },
      ]),
    ],
  ];
  it.each(sources)("%s", async (_, source) => {
    const at = world();
    const { result } = await at.batch(source);
    expect(result.records.lidPairs).toContainEqual({ lid, phone });
    // Known at once, before it is stored.
    const { payloads } = await at.batch(message({ remoteJid: anaLid, id: "M2" }));
    expect(payloads[0]).toMatchObject({ phone, chatLid: anaLid });
  });
});

it("what was captured by LID stays so: the payload of an event is the same at every attempt", async () => {
  const at = world();
  const { result } = await at.batch(message({ remoteJid: anaLid }));
  const [captured] = result.captured;
  const payload = () => renderCallback(captured!, { instanceId, media: () => undefined }).payload;
  const first = payload();
  await at.batch({ events: { "lid-mapping.update": { lid: anaLid, pn: ana } } });
  expect(payload()).toEqual(first);
  expect(first).toMatchObject({ phone: anaLid, chatLid: anaLid });
});

it("somebody named in one batch is shown by name to the messages behind it", async () => {
  const at = world();
  await at.batch(message({ remoteJid: ana }));
  const { payloads } = await at.batch({
    events: { "contacts.upsert": [{ id: ana, name: "Ana Dias" }], ...message({ remoteJid: ana, id: "M2" }).events },
  });
  expect(payloads[0]).toMatchObject({ senderName: "Ana Dias", chatName: "Ana Dias" });
});
