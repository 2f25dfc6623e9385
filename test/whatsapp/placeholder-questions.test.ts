import { EventEmitter } from "node:events";
import { NO_MESSAGE_FOUND_ERROR_TEXT, WAMessageStubType } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { openPlaceholders } from "#whatsapp/content/open-placeholders.ts";
import { handClock, settled } from "./support.ts";

const own = "5511900000001";
const hourMs = 3_600_000;
const options = { againMs: [hourMs, 24 * hourMs], lifeGapMs: 20_000, keepMs: 14 * 24 * hourMs, settleMs: hourMs };

/** A message of which nothing but its stanza came. */
const empty = {
  key: { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false, id: "LEAD" },
  messageStubType: WAMessageStubType.CIPHERTEXT,
  messageStubParameters: [NO_MESSAGE_FOUND_ERROR_TEXT],
};

/** A list over several connections: what it stores, and what it asks on each. */
function world() {
  const clock = handClock();
  const stored = new Map<string, unknown>();
  const auth = {
    creds: { me: { id: `${own}:1@s.whatsapp.net` }, account: {} },
    keyIds: async () => [...stored.keys()],
    keys: {
      get: async (_: string, ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, stored.get(id)])),
      set: async (data: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
        for (const [id, value] of Object.entries(data["open-placeholder"] ?? {})) stored.set(id, value);
      },
    },
  };
  const questions: string[] = [];
  const asks = async (): Promise<string> => {
    questions.push("asked");
    return "Q1";
  };
  /** A connection on which the phone shows itself once. */
  async function connection(send: () => Promise<string> = asks) {
    const ended = new AbortController();
    const sock = { ev: new EventEmitter(), ws: new EventEmitter(), sendPeerDataOperationMessage: send };
    const open = openPlaceholders(
      {
        auth: auth as never,
        sock: sock as never,
        questions: { asked: () => {} },
        placeholders: { get: () => undefined, set: () => {}, del: () => {}, flushAll: () => {} } as never,
        clock,
        log: silentLog,
        signal: ended.signal,
      },
      options,
    );
    sock.ev.emit("connection.update", { connection: "open" });
    await settled();
    return {
      ...open,
      alive: async () => {
        clock.advance(options.lifeGapMs);
        sock.ws.emit("frame", { tag: "message", attrs: { from: `${own}@s.whatsapp.net` } });
        await settled();
      },
      end: () => ended.abort(),
    };
  }

  return { clock, connection, questions };
}

it("a question that the closing connection swallowed is asked again on the next one, not a day later", async () => {
  const { connection, questions } = world();
  const first = await connection(() => Promise.reject(new Error("Connection Closed")));
  await first.keep({ "messages.upsert": { messages: [empty], type: "notify" } });
  await first.alive();
  first.end();
  const second = await connection();
  expect(questions).toEqual(["asked"]);
  second.end();
});

it("what came right before the connection ended is asked for on the next one: Baileys had no time to; and only there", async () => {
  const { clock, connection, questions } = world();
  const first = await connection();
  await first.keep({ "messages.upsert": { messages: [empty], type: "notify" } });
  await settled();
  expect(questions).toEqual([]);
  first.end();
  clock.advance(1_000);
  (await connection()).end();
  expect(questions).toEqual(["asked"]);
  clock.advance(1_000);
  (await connection()).end();
  expect(questions).toEqual(["asked"]);
});
