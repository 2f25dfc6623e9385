import { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { silentLog } from "#lib/log.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import type { Correlation } from "#whatsapp/journal-entry.ts";
import { gateStanzas } from "#whatsapp/stanza-gate.ts";
import { handClock, settled } from "./support.ts";

/** A gate in front of listeners that record what reaches them. */
function gated(
  options: {
    journal?: (entry: JournalEntry) => Promise<void>;
    forward?: () => Promise<void>;
    handled?: () => Promise<void>;
    orderWaitMs?: number;
    own?: { id: string; lid?: string };
  } = {},
) {
  const ws = new EventEmitter();
  const seen: string[] = [];
  const forwarded: { stanza: BinaryNode; journalId: string }[] = [];
  const journaled: JournalEntry[] = [];
  const sent: BinaryNode[] = [];
  const logged: string[] = [];
  const keep = (_: unknown, message: string): void => void logged.push(message);
  const correlation: Correlation = new WeakMap();
  for (const tag of ["message", "receipt", "notification", "call"]) {
    ws.on(`CB:${tag}`, (node: BinaryNode): unknown => {
      seen.push(`${tag}:${node.attrs["id"]}`);
      return options.handled?.();
    });
  }
  const gate = gateStanzas({
    ws,
    correlation,
    clock: handClock(),
    log: { ...silentLog, warn: keep, error: keep },
    own: () => options.own,
    send: async (ack) => void sent.push(ack),
    signal: new AbortController().signal,
    ...(options.orderWaitMs === undefined ? {} : { orderWaitMs: options.orderWaitMs }),
    journal: async (entries) => {
      for (const entry of entries) {
        await options.journal?.(entry);
        journaled.push(entry);
      }
    },
    forward: async (stanza, journalId) => {
      forwarded.push({ stanza, journalId });
      await options.forward?.();
    },
  });
  const arrive = (node: BinaryNode): void => void ws.emit(`CB:${node.tag}`, node);
  return { gate, seen, forwarded, journaled, sent, logged, correlation, arrive };
}

const group = "120363000000000001@g.us";
const receipt = (id: string, attrs: Record<string, string> = {}): BinaryNode => ({
  tag: "receipt",
  attrs: { id, from: "5511888880002@s.whatsapp.net", t: "1700000000", ...attrs },
});

describe("stanza gate", () => {
  it("a receipt reaches Baileys, which acknowledges it, only once its journal entry is durable", async () => {
    const { promise: durable, resolve: commit } = Promise.withResolvers<void>();
    const { seen, forwarded, arrive } = gated({ journal: () => durable });
    arrive(receipt("A"));
    await settled();
    expect([seen, forwarded.length]).toEqual([[], 0]);
    commit();
    await settled();
    expect([seen, forwarded.length]).toEqual([["receipt:A"], 1]);
  });

  it("a stanza whose entry cannot be written is never acknowledged; what follows is", async () => {
    const { seen, arrive } = gated({
      journal: (entry) => (entry.attrs.includes('"A"') ? Promise.reject(new Error("disk")) : Promise.resolve()),
    });
    arrive(receipt("A"));
    arrive(receipt("B"));
    await settled();
    expect(seen).toEqual(["receipt:B"]);
  });

  it("keeps the order of arrival although commits end in any order", async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>();
    const { seen, arrive, gate } = gated({
      journal: (entry) => (entry.attrs.includes('"A"') ? slow : Promise.resolve()),
    });
    arrive(receipt("A"));
    arrive({ tag: "message", attrs: { id: "M" }, content: [{ tag: "enc", attrs: {}, content: Buffer.from("x") }] });
    arrive(receipt("B"));
    await settled();
    expect(seen).toEqual([]);
    expect(gate.waiting()).toBe(3);
    resolve();
    await settled();
    expect(seen).toEqual(["receipt:A", "message:M", "receipt:B"]);
    expect(gate.waiting()).toBe(0);
  });

  it("waits while the buffer behind it is full", async () => {
    const { promise: room, resolve } = Promise.withResolvers<void>();
    const { seen, arrive } = gated({ forward: () => room });
    arrive(receipt("A"));
    arrive(receipt("B"));
    await settled();
    expect(seen).toEqual([]);
    resolve();
    await settled();
    expect(seen).toEqual(["receipt:A", "receipt:B"]);
  });

  it.each<[string, BinaryNode, number, number]>([
    ["delivery receipt", receipt("A"), 1, 1],
    ["retry request", receipt("A", { type: "retry" }), 0, 0],
    ["group notification", { tag: "notification", attrs: { id: "N", from: group, type: "w:gp2" } }, 1, 1],
    ["key notification", { tag: "notification", attrs: { id: "N", from: "s.whatsapp.net", type: "encrypt" } }, 0, 0],
    ["call", { tag: "call", attrs: { id: "C", from: "5511888880002@s.whatsapp.net" } }, 1, 1],
    [
      "encrypted message",
      { tag: "message", attrs: { id: "M" }, content: [{ tag: "enc", attrs: {}, content: Buffer.from("x") }] },
      0,
      0,
    ],
    [
      "channel post",
      {
        tag: "message",
        attrs: { id: "M" },
        content: [{ tag: "plaintext", attrs: {}, content: Buffer.of(10, 1, 120) }],
      },
      1,
      0,
    ],
  ])("%s: what is journaled and what is forwarded raw", async (_name, node, entries, raw) => {
    const { journaled, forwarded, seen, arrive } = gated();
    arrive(node);
    await settled();
    expect([journaled.length, forwarded.length, seen.length]).toEqual([entries, raw, 1]);
  });

  it("a receipt is settled by an id of its own, a channel post by its message id", async () => {
    const { journaled, forwarded, arrive } = gated();
    arrive(receipt("SAME", { type: "read" }));
    arrive(receipt("SAME"));
    arrive({
      tag: "message",
      attrs: { id: "POST" },
      content: [{ tag: "plaintext", attrs: {}, content: Buffer.of(10, 1, 120) }],
    });
    await settled();
    const ids = journaled.map(({ stanzaId }) => stanzaId);
    expect(new Set(ids).size).toBe(3);
    expect(ids[2]).toBe("POST");
    expect(forwarded.map(({ journalId }) => journalId)).toEqual(ids.slice(0, 2));
  });

  it("remembers which stanza a ciphertext came in", async () => {
    const { correlation, arrive } = gated();
    const ciphertext = Buffer.from("cipher");
    arrive({
      tag: "message",
      attrs: { id: "M", from: "x" },
      content: [{ tag: "enc", attrs: {}, content: ciphertext }],
    });
    await settled();
    expect(correlation.get(ciphertext)?.attrs).toEqual({ id: "M", from: "x" });
  });

  it("a message does not overtake the one before it, which Baileys has not begun to decrypt", async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>();
    const { seen, correlation, arrive } = gated({ handled: () => slow });
    const ciphertext = Buffer.from("one");
    arrive({ tag: "message", attrs: { id: "1" }, content: [{ tag: "enc", attrs: {}, content: ciphertext }] });
    arrive({ tag: "message", attrs: { id: "2" }, content: [{ tag: "enc", attrs: {}, content: Buffer.from("two") }] });
    await settled();
    expect(seen).toEqual(["message:1"]);
    correlation.get(ciphertext)?.reached();
    await settled();
    expect(seen).toEqual(["message:1", "message:2"]);
    resolve();
  });

  const encrypted = (id: string, attrs: Record<string, string> = {}, type = "msg"): BinaryNode => ({
    tag: "message",
    attrs: { id, ...attrs },
    content: [{ tag: "enc", attrs: { type }, content: Buffer.from(id) }],
  });

  it("what comes live waits until the last message of the backlog is being decrypted", async () => {
    const { seen, correlation, arrive } = gated();
    const last = encrypted("OLD", { offline: "1" });
    arrive(last);
    arrive(encrypted("NEW"));
    await settled();
    expect(seen).toEqual(["message:OLD"]);
    const [enc] = last.content as BinaryNode[];
    correlation.get(enc?.content as Uint8Array)?.reached();
    await settled();
    expect(seen).toEqual(["message:OLD", "message:NEW"]);
  });

  it("a message of the backlog that Baileys decrypts never holds up nobody", async () => {
    const { seen, arrive } = gated();
    arrive(encrypted("BOT", { offline: "1" }, "msmsg"));
    arrive(encrypted("NEW"));
    await settled();
    expect(seen).toEqual(["message:BOT", "message:NEW"]);
  });

  it("one that hangs in the backlog is waited for once, not by everybody who comes after it", async () => {
    const { seen, arrive } = gated({ orderWaitMs: 50 });
    arrive(encrypted("HANGS", { offline: "1" }));
    const many = Array.from({ length: 40 }, (_, n) => `message:${n}`);
    for (const name of many) arrive(encrypted(name.replace("message:", "")));
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThan(1);
    await settled();
    expect(seen).toEqual(["message:HANGS", ...many]);
  });

  it("injected stanzas take their turn and are not journaled", async () => {
    const { gate, journaled, seen, arrive } = gated();
    arrive(receipt("A"));
    gate.inject([receipt("OLD")]);
    arrive(receipt("B"));
    await settled();
    expect(seen).toEqual(["receipt:A", "receipt:OLD", "receipt:B"]);
    expect(journaled).toHaveLength(2);
  });

  it("what is kept from Baileys is kept from it when it comes out of the journal, too", async () => {
    const { gate, seen } = gated();
    const attrs = { id: "SYNC", from: "s.whatsapp.net", type: "server_sync" };
    gate.inject([{ tag: "notification", attrs, content: [{ tag: "collection", attrs: { version: "1" } }] }]);
    gate.inject([receipt("OLD")]);
    await settled();
    expect(seen).toEqual(["receipt:OLD"]);
  });

  it("a status reaches Baileys as a message, and is confirmed once what was in it is durable", async () => {
    const { seen, sent, correlation, arrive } = gated();
    const content = Buffer.from("post");
    const attrs = { id: "S", from: "status@broadcast", participant: "5511888880002@s.whatsapp.net", type: "text" };
    arrive({ tag: "status", attrs, content: [{ tag: "enc", attrs: { type: "skmsg" }, content }] });
    await settled();
    expect([seen, sent]).toEqual([["message:S"], []]);
    correlation.get(content)?.settled();
    await settled();
    expect(sent).toEqual([
      {
        tag: "ack",
        attrs: { id: "S", to: attrs.from, class: "status", participant: attrs.participant, type: "text" },
      },
    ]);
  });

  const own = { id: "5511900000001:7@s.whatsapp.net", lid: "777:7@lid" };

  it.each<[string, Record<string, string>, number]>([
    ["that names no LID is confirmed from here too", {}, 1],
    ["that names the LID of the chat is not", { peer_recipient_lid: "888@lid" }, 0],
    ["in a chat that goes by LID is not", { from: "777@lid", recipient: "888@lid" }, 0],
  ])("a copy of what the owner wrote on the phone %s", async (_name, attrs, acks) => {
    const { sent, correlation, arrive } = gated({ own });
    const content = Buffer.from("copy");
    const names = { from: "5511900000001@s.whatsapp.net", recipient: "5511888880002@s.whatsapp.net" };
    arrive({
      tag: "message",
      attrs: { id: "M", type: "text", ...names, ...attrs },
      content: [{ tag: "enc", attrs: { type: "msg" }, content }],
    });
    await settled();
    expect(sent).toEqual([]);
    correlation.get(content)?.settled();
    await settled();
    expect(sent).toHaveLength(acks);
    expect(sent.every((ack) => ack.attrs["type"] === undefined)).toBe(true);
  });

  it("what cannot be handed on is logged, stays in the journal, and does not stop the rest", async () => {
    const { seen, logged, journaled, arrive } = gated({ forward: () => Promise.reject(new TypeError("odd")) });
    arrive(receipt("A"));
    arrive(receipt("B"));
    await settled();
    expect(seen).toEqual(["receipt:A", "receipt:B"]);
    expect([logged.length, journaled.length, new Set(logged).size]).toEqual([2, 2, 1]);
  });

  it("a connection that closes meanwhile is no failure: what came last is not confirmed, and comes again", async () => {
    const closed = new WazapiError("not_connected", { message: "the socket is closed" });
    const { logged, journaled, arrive } = gated({ forward: () => Promise.reject(closed) });
    arrive(receipt("A"));
    await settled();
    expect([logged, journaled.length]).toEqual([[], 1]);
  });

  it("settings without the name of their collection are confirmed and kept from Baileys, which would ask for ever", async () => {
    const { seen, sent, journaled, arrive } = gated({ own });
    const changed = (id: string, attrs: Record<string, string>): BinaryNode => ({
      tag: "notification",
      attrs: { id, from: "s.whatsapp.net", type: "server_sync" },
      content: [{ tag: "collection", attrs }],
    });
    arrive(changed("1", {}));
    arrive(changed("2", { name: "", version: "7" }));
    arrive(changed("3", { name: "of_tomorrow", version: "7" }));
    arrive(changed("4", { name: "regular", version: "7" }));
    await settled();
    expect(seen).toEqual(["notification:4"]);
    expect(sent.map(({ attrs }) => attrs)).toEqual(
      ["1", "2", "3"].map((id) => ({ id, to: "s.whatsapp.net", class: "notification", type: "server_sync" })),
    );
    expect(journaled).toHaveLength(3);
  });

  it("what cannot be placed is logged once each, journaled, and confirmed, and Baileys does not get it", async () => {
    const { seen, logged, journaled, forwarded, sent, arrive } = gated({ own });
    const nobody: Record<string, string>[] = [
      { id: "1", from: "867051314767696@bot" },
      { id: "2", from: "12345@interop" },
      { id: "3", from: "120363000000000001@g.us" },
    ];
    for (const attrs of nobody) {
      arrive({ tag: "message", attrs: { type: "text", ...attrs }, content: [{ tag: "unavailable", attrs: {} }] });
    }
    await settled();
    expect(seen).toEqual([]);
    expect([logged.length, journaled.length, forwarded.length]).toEqual([3, 3, 3]);
    expect(sent.map(({ attrs }) => attrs)).toEqual(nobody.map(({ id, from }) => ({ id, to: from, class: "message" })));
  });
});
