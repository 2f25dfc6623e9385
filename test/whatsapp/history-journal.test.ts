import { type BaileysEventMap, proto, type WAMessage } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { createHistoryJournal } from "#whatsapp/history-journal.ts";

const onDemand = proto.HistorySync.HistorySyncType.ON_DEMAND;

function notice(id: string, session: string | undefined): Partial<BaileysEventMap> {
  const historySyncNotification = { syncType: onDemand, peerDataRequestSessionId: session ?? null };
  const message = { key: { id, fromMe: true }, message: { protocolMessage: { historySyncNotification } } } as WAMessage;
  return { "messages.upsert": { type: "notify", messages: [message] } };
}

function chunk(session: string | undefined): Partial<BaileysEventMap> {
  const set = { chats: [], contacts: [], messages: [], syncType: onDemand, peerDataRequestSessionId: session ?? null };
  return { "messaging-history.set": set };
}

test("answers to several questions: a chunk settles the notice of its own question only", () => {
  const journal = createHistoryJournal(() => true);
  for (const session of ["one", "two", "three"]) {
    expect(journal.settledBy(notice(`N-${session}`, session))).toEqual([]);
  }
  expect(journal.settledBy(chunk("two"))).toEqual(["N-two"]);
  expect(journal.settledBy(chunk("one"))).toEqual(["N-one"]);
  expect(journal.settledBy(chunk("two"))).toEqual([]);
  expect(journal.settledBy(chunk("three"))).toEqual(["N-three"]);
});

test("a notice that names no question is settled by the chunk that names none", () => {
  const journal = createHistoryJournal(() => true);
  expect(journal.settledBy(notice("N", undefined))).toEqual([]);
  expect(journal.settledBy(chunk(undefined))).toEqual(["N"]);
});
