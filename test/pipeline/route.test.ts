import { expect, test } from "vitest";
import type { Captured } from "#domain/captured.ts";
import { defaultInstanceSettings, type HookSlot, hookSlots } from "#domain/instance.ts";
import { dedupeKeyOf } from "#pipeline/persist/dedupe-key.ts";
import { slotsOf } from "#pipeline/persist/route.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import { maskOf, targetsOf } from "#store/slot-mask.ts";
import { textOf } from "./rig.ts";

const chat = { chatId: "5511900000002@s.whatsapp.net", phone: "5511900000002" };
const scene = { chat, sender: { jid: chat.chatId }, at: 1, broadcast: false };
const received = textOf(1);
const mine: Captured = { ...textOf(1), fromMe: true };
const mineByApi: Captured = { ...textOf(1), fromMe: true, fromApi: true };
const waiting: Captured = { kind: "waiting", ...scene, fromMe: false, messageId: "M1", viewOnce: false };
const revoked: Captured = { kind: "notification", ...scene, fromMe: false, name: "REVOKE", key: "K" };
const myRevoke: Captured = { ...revoked, fromMe: true };
const myGroupChange: Captured = { ...myRevoke, name: "GROUP_CHANGE_SUBJECT" };
const receipt: Captured = { kind: "receipt", chat, messageIds: ["M1"], status: "READ", phoneDevice: 0, at: 1 };
const presence: Captured = { kind: "presence", chat, status: "COMPOSING", at: 1 };
const connected: Captured = { kind: "connected", phone: "1", at: 1 };
const disconnected: Captured = { kind: "disconnected", reason: "lost", error: "lost", at: 1 };
const passkey: Captured = { kind: "passkey", ceremony: "C", expiresAt: 2, at: 1 };
const newChats: Captured = { kind: "newChats", restriction: { kind: "DEFAULT" }, at: 1 };
const delivery: Captured = { kind: "delivery", chat, zaapId: "Z", messageId: "M1", at: 1 };
const history: Captured = {
  kind: "history",
  syncType: "recent",
  chunkOrder: 1,
  progress: 10,
  conversationCount: 0,
  statusMessageCount: 0,
  pushnameCount: 0,
  at: 1,
};

const both: readonly HookSlot[] = ["received", "receivedAndDelivery"];

test.each<[string, Captured, readonly HookSlot[], boolean, readonly HookSlot[]]>([
  // what, event, configured, notifySentByMe, where it goes
  ["received message", received, ["received"], false, ["received"]],
  ["received message", received, ["received"], true, ["received"]],
  ["received message", received, both, true, ["receivedAndDelivery"]],
  ["received message", received, both, false, ["received"]],
  ["received message", received, ["receivedAndDelivery"], false, ["receivedAndDelivery"]],
  ["received message", received, [], false, ["received"]],
  ["own message", mine, both, false, []],
  ["own message", mine, both, true, ["receivedAndDelivery"]],
  ["own message", mine, ["received"], true, ["received"]],
  ["own message by API", mineByApi, ["received"], true, ["received"]],
  ["own message by API", mineByApi, ["received"], false, []],
  ["waiting message", waiting, both, true, ["receivedAndDelivery"]],
  ["waiting message", waiting, both, false, ["received"]],
  ["revocation", revoked, ["received"], false, ["received"]],
  ["own revocation", myRevoke, ["received"], false, []],
  ["own revocation", myRevoke, ["received"], true, ["received"]],
  ["own group change", myGroupChange, ["received"], false, ["received"]],
  ["receipt", receipt, hookSlots, false, ["messageStatus"]],
  ["presence", presence, hookSlots, false, ["presenceChat"]],
  ["connected", connected, hookSlots, false, ["connected"]],
  ["disconnected", disconnected, hookSlots, false, ["disconnected"]],
  ["outcome of a send", delivery, hookSlots, true, ["delivery"]],
  ["history", history, hookSlots, false, ["historySync"]],
  ["passkey", passkey, hookSlots, false, ["passkey"]],
  ["lock of new chats", newChats, hookSlots, true, ["newChats"]],
])("route: %s", (_, captured, configured, notifySentByMe, expected) => {
  const hooks = Object.fromEntries(configured.map((slot) => [slot, `https://hook.test/${slot}`]));
  const settings = { ...defaultInstanceSettings, notifySentByMe };
  expect(slotsOf(captured, { hooks, settings })).toEqual(expected);
});

const main = "https://main.test/";
const extra = "https://further.test/";

test.each<[string, Captured, readonly HookSlot[], readonly HookSlot[], boolean, readonly string[]]>([
  // what, event, slots with the main URL, slots of a further hook, notifySentByMe, URLs it goes to
  ["received message", received, ["received"], ["received"], false, [main, extra]],
  ["received message", received, ["received"], ["received"], true, [main, extra]],
  ["received message", received, both, ["received"], true, [main, extra]],
  ["received message", received, both, ["received"], false, [main, extra]],
  ["received message", received, ["receivedAndDelivery"], ["received"], false, [main, extra]],
  ["received message", received, both, ["receivedAndDelivery"], false, [main, extra]],
  ["received message", received, both, both, true, [main, extra]],
  ["received message", received, [], ["received"], false, [extra]],
  ["received message", received, [], ["receivedAndDelivery"], false, [extra]],
  ["received message", received, both, ["delivery"], true, [main]],
  ["own message", mine, both, ["received"], true, [main, extra]],
  ["own message", mine, [], ["received"], true, [extra]],
  ["own message", mine, both, ["received"], false, []],
  ["own message", mine, both, ["receivedAndDelivery"], false, []],
  ["own message by API", mineByApi, ["received"], hookSlots, false, []],
  ["waiting message", waiting, both, ["received"], true, [main, extra]],
  ["revocation", revoked, both, ["received"], true, [main, extra]],
  ["own revocation", myRevoke, ["received"], ["received"], false, []],
  ["own group change", myGroupChange, [], ["received"], false, [extra]],
  ["receipt", receipt, ["messageStatus"], ["messageStatus", "delivery"], false, [main, extra]],
  ["receipt", receipt, ["messageStatus"], ["received"], false, [main]],
  ["presence", presence, [], ["presenceChat"], false, [extra]],
  ["connected", connected, ["connected"], ["disconnected"], false, [main]],
  ["disconnected", disconnected, ["connected"], ["disconnected"], false, [extra]],
  ["outcome of a send", delivery, hookSlots, hookSlots, true, [main, extra]],
  ["outcome of a send", delivery, ["received"], both, true, []],
  ["history", history, ["historySync"], ["historySync"], false, [main, extra]],
])("route with a further hook: %s", (_, captured, configured, slots, notifySentByMe, expected) => {
  const hooks = Object.fromEntries(configured.map((slot) => [slot, main]));
  const settings = { ...defaultInstanceSettings, notifySentByMe };
  const mask = maskOf(slotsOf(captured, { hooks, settings }));
  expect([...targetsOf({ hooks, furtherHooks: [{ url: extra, slots }] }, mask).keys()]).toEqual(expected);
  // A further hook with the URL of the slots adds no second delivery there.
  const sameUrl = targetsOf({ hooks, furtherHooks: [{ url: main, slots }] }, mask);
  expect([...sameUrl.keys()]).toEqual(expected.length === 0 ? [] : [main]);
});

test("dedupe: the same happening has one name, whatever is learnt about it", () => {
  const lid = "200000000000002@lid";
  const before: Captured = { ...received, chat: { chatId: lid } };
  const after: Captured = { ...received, chat: { chatId: chat.chatId, address: lid, phone: chat.phone, chatLid: lid } };
  expect(dedupeKeyOf(before)).toBe(dedupeKeyOf(after));
  const ids = { ...receipt, messageIds: ["B", "A"] };
  expect(dedupeKeyOf(ids)).toBe(dedupeKeyOf({ ...receipt, messageIds: ["A", "B"] }));
});

test("dedupe: different happenings have different names", () => {
  const all: readonly Captured[] = [
    received,
    { ...received, messageId: "M2" },
    mine,
    waiting,
    revoked,
    { ...revoked, key: "K2" },
    myGroupChange,
    receipt,
    { ...receipt, status: "PLAYED" },
    { ...receipt, phoneDevice: 3 },
    { ...receipt, participant: { jid: "1@lid", device: 0 } },
    presence,
    { ...presence, at: 2 },
    connected,
    disconnected,
    delivery,
    { ...delivery, error: "no" },
    history,
  ];
  expect(new Set(all.map(dedupeKeyOf)).size).toBe(all.length);
});

test("toNewEvent: the row names chat, message and time, and holds all a render needs", () => {
  const row = toNewEvent(receipt, { hooks: {}, settings: defaultInstanceSettings });
  expect(row).toMatchObject({
    kind: "receipt",
    type: "MessageStatusCallback",
    chatId: chat.chatId,
    messageId: "M1",
    occurredAt: 1,
    slots: ["messageStatus"],
  });
  expect(JSON.parse(row.captured)).toEqual(receipt);
  expect(toNewEvent(connected, { hooks: {}, settings: defaultInstanceSettings })).not.toHaveProperty("chatId");
});
