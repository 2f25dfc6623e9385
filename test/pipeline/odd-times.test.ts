import { proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createCapture } from "#pipeline/capture/capture.ts";

const instanceId = "A".repeat(32);
const own = { phone: "5511900000001" };
const chat = "5511900000002@s.whatsapp.net";
const now = 1_700_000_000_000;

function openCapture() {
  const { capture } = createCapture({
    directory: {
      phoneOf: async () => undefined,
      lidOf: async () => undefined,
      contact: async () => undefined,
      chat: async () => undefined,
      pairs: async () => [],
      contacts: async () => [],
      chats: async () => [],
    },
    messages: { get: async () => undefined, list: async () => [] },
    clock: { now: () => now, monotonicMs: () => 0 },
    log: silentLog,
  });
  return capture;
}

/** A row that cannot be stored is tried for ever, and everything of the account waits behind it. */
test.each([
  ["later than any date", 1e20, now],
  ["a number of 64 bits", 18_446_744_073_709_551_615n, now],
  ["before there were any", -5, now],
  ["no number", Number.NaN, now],
  ["missing", undefined, now],
  ["with a fraction of a millisecond", 1_700_000_000.000_5, now],
  ["an ordinary one", 1_600_000_000, 1_600_000_000_000],
])("a moment on the wire that is %s becomes one that can be stored", async (_, t, at) => {
  const capture = openCapture();
  const message = proto.WebMessageInfo.fromObject({
    key: { remoteJid: chat, id: "M1" },
    message: { conversation: "oi" },
  });
  const info = Object.assign(message, { messageTimestamp: t });
  const receipt = { tag: "receipt", attrs: { id: "M1", from: chat, type: "read", t: String(t) } };
  const batch = { instanceId, own, journalIds: [], offline: false };
  // As Baileys hands it on: whatever stood on the wire as a number.
  const upsert = { messages: [info as never], type: "notify" as const };
  const results = [
    await capture({ ...batch, events: { "messages.upsert": upsert } }),
    await capture({ ...batch, stanza: receipt }),
  ];
  expect(results.flatMap(({ captured }) => captured.map((one) => [one.kind, one.at]))).toEqual([
    ["message", at],
    ["receipt", at],
  ]);
  expect(results[0]?.records.messages?.map((row) => row.at)).toEqual([at]);
  expect(results[0]?.records.chats?.map(({ lastMessageAt }) => lastMessageAt)).toEqual([at]);
});
