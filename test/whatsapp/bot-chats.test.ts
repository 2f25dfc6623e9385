import { EventEmitter } from "node:events";
import { proto, type WAMessage } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { followBotChats } from "#whatsapp/intake/bot-chats.ts";
import { handedOn, messageEvents } from "#whatsapp/intake/placing.ts";
import { handClock } from "./support.ts";

const own = { id: "5511900000001:7@s.whatsapp.net", lid: "777:7@lid" };
const bot = "867051314767696@bot";
const me = "5511900000001@s.whatsapp.net";
const prompt = { id: "P1", from: me, recipient: bot, type: "text", t: "1700000000" };
const keyOf = ({ events }: ReturnType<typeof messageEvents>) => events?.["messages.upsert"]?.messages[0]?.key;

it("what the owner asks a bot is an own message in the chat with the bot: out of the journal", () => {
  const payloads = [proto.Message.encode({ conversation: "what is new?" }).finish()];
  expect(keyOf(messageEvents(prompt, { own, payloads }))).toMatchObject({ remoteJid: bot, fromMe: true });
});

it("… and when it came without a body", () => {
  const node = { tag: "message", attrs: prompt, content: [{ tag: "unavailable", attrs: {} }] };
  expect(keyOf(handedOn(node, own))).toMatchObject({ remoteJid: bot, fromMe: true });
});

it("… and as Baileys reports it; nobody else's message goes there", () => {
  const ws = new EventEmitter();
  const follow = followBotChats(ws, handClock());
  ws.emit("frame", { tag: "message", attrs: prompt });
  ws.emit("frame", { tag: "message", attrs: { ...prompt, id: "X1", from: "5511900000002@s.whatsapp.net" } });
  const messages: WAMessage[] = [
    { key: { id: "P1", remoteJid: me, remoteJidAlt: "777@lid", fromMe: true } },
    { key: { id: "X1", remoteJid: "5511900000002@s.whatsapp.net", fromMe: false } },
    { key: { id: "N1", remoteJid: me, fromMe: true } },
  ];
  follow({ "messages.upsert": { messages, type: "notify" } });
  expect(messages.map(({ key }) => key)).toEqual([
    { id: "P1", remoteJid: bot, fromMe: true },
    { id: "X1", remoteJid: "5511900000002@s.whatsapp.net", fromMe: false },
    { id: "N1", remoteJid: me, fromMe: true },
  ]);
});
