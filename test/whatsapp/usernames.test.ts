import { EventEmitter } from "node:events";
import type { BaileysEventMap, WAMessage } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { followUsernames } from "#whatsapp/content/usernames.ts";

const upsert = (key: WAMessage["key"]): Partial<BaileysEventMap> => ({
  "messages.upsert": { type: "notify", messages: [{ key }] },
});

it.each(["username", "sender_username"])("the name of a sender who shows no number is in %s", (attribute) => {
  const ws = new EventEmitter();
  const named = followUsernames(ws as never, systemClock);
  ws.emit("frame", { tag: "message", attrs: { id: "A", from: "2@lid", [attribute]: "ana.silva" } });
  const one: WAMessage["key"] = { id: "A", remoteJid: "2@lid", fromMe: false };
  named(upsert(one));
  expect(one.remoteJidUsername).toBe("ana.silva");
  const other: WAMessage["key"] = { id: "B", remoteJid: "3@lid", fromMe: false };
  named(upsert(other));
  expect(other.remoteJidUsername).toBeUndefined();
});

it("in a group it is the member's, and Baileys' own word stands", () => {
  const ws = new EventEmitter();
  const named = followUsernames(ws as never, systemClock);
  ws.emit("frame", { tag: "message", attrs: { id: "A", from: "1@g.us", participant: "2@lid", username: "ana" } });
  const key: WAMessage["key"] = { id: "A", remoteJid: "1@g.us", participant: "2@lid", participantUsername: "bia" };
  named(upsert(key));
  expect(key.participantUsername).toBe("bia");
});
