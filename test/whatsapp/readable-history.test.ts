import { deflateSync } from "node:zlib";
import { proto, type WAMessage } from "@whiskeysockets/baileys";
import { Agent } from "undici";
import { expect, test } from "vitest";
import { fieldWith } from "#lib/protobuf-fields.ts";
import { silentLog } from "#lib/log.ts";
import { createReadableHistory, type HistorySet } from "#whatsapp/content/readable-history.ts";
import type { TransportOptions } from "#whatsapp/transport.ts";

const chat = "5511900000002@s.whatsapp.net";
const key = (id: string) => ({ remoteJid: chat, id, fromMe: false });

/** A chunk as Baileys reads it: of the message with the given id nothing is left. */
function chunk(id = "A", message: proto.IMessage = {}): HistorySet {
  return { chats: [], contacts: [], messages: [{ key: key(id), message }] };
}

/** The same chunk as a phone packs it: the message is a wrapper around a text that no protobuf here knows. */
function packed(id = "A"): Uint8Array {
  const words = proto.Message.encode({ conversation: "hidden at first" }).finish();
  const spoiler = fieldWith(118, fieldWith(1, words));
  const info = Buffer.concat([proto.WebMessageInfo.encode({ key: key(id) }).finish(), fieldWith(2, spoiler)]);
  return deflateSync(fieldWith(2, fieldWith(2, fieldWith(1, info))));
}

const nowhere = new Agent({ connect: () => {} });

function reader() {
  const ended = new AbortController();
  const warned: string[] = [];
  const unknown: string[] = [];
  const history = createReadableHistory({
    transport: { options: { options: { dispatcher: nowhere } } as unknown as TransportOptions },
    unknownWire: ({ name }) => void unknown.push(name),
    log: { ...silentLog, warn: (_fields, message) => void warned.push(message) },
    signal: ended.signal,
  });
  const taken: HistorySet[] = [];
  const read = (set: HistorySet, notice?: proto.Message.IHistorySyncNotification): void =>
    history.read(set, notice, (whole) => void taken.push(whole));
  return { read, taken, warned, unknown, end: () => ended.abort() };
}

const inline = (bytes: Uint8Array) => ({ initialHistBootstrapInlinePayload: bytes });
/** A file on a server that never answers. */
const away = { directPath: "/v/t62/history", mediaKey: Buffer.alloc(32, 1) };

test("a message of which nothing was left is put into words, and what was new is told", async () => {
  const { read, taken, unknown } = reader();
  read(chunk(), inline(packed()));
  await expect.poll(() => taken.length).toBe(1);
  expect(taken[0]?.messages[0]).toMatchObject({ key: { id: "A" }, message: { conversation: "hidden at first" } });
  expect(unknown).toEqual(["Message.118"]);
});

test("a chunk without such a message is handed on at once, and nothing is asked for", () => {
  const { read, taken } = reader();
  read(chunk("A", { conversation: "plain" }), away);
  const system: WAMessage = { key: key("S"), messageStubType: proto.WebMessageInfo.StubType.REVOKE };
  read({ ...chunk(), messages: [system] }, away);
  read(chunk(), undefined);
  expect(taken).toHaveLength(3);
});

test("a file that is damaged: the chunk is handed on as it is", async () => {
  const { read, taken, warned } = reader();
  const set = chunk();
  read(set, inline(Buffer.from("no archive")));
  await expect.poll(() => taken).toEqual([set]);
  expect(warned).toEqual(["what is new in a history could not be read"]);
});

test("while one is asked for the next ones wait behind it, few of them; when the socket ends none is handed on", async () => {
  const { read, taken, warned, end } = reader();
  read(chunk(), away);
  for (let n = 0; n < 8; n += 1) read(chunk(`${n}`, { conversation: "plain" }), away);
  expect(warned).toEqual(["too many chunks of history wait to be read again"]);
  end();
  read(chunk("Z", {}), away);
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toEqual([]);
});
