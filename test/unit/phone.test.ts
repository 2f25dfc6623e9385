import { expect, test } from "vitest";
import {
  canonicalJid,
  deviceOf,
  isBroadcastJid,
  isGroupJid,
  isLidJid,
  isNewsletterJid,
  isPersonJid,
  isStatusJid,
  parseJid,
  sameJid,
  userOf,
} from "#domain/jid.ts";
import { parseChat, parsePerson, phoneDigitsOf, phoneOf } from "#domain/phone.ts";

test.each([
  // input, chat, how callers see it
  ["5511999999999", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["551199999999", "551199999999@s.whatsapp.net", "551199999999"],
  ["+55 (11) 99999-9999", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["+55 11 9999-9999", "551199999999@s.whatsapp.net", "551199999999"],
  [" 4915123456789 ", "4915123456789@s.whatsapp.net", "4915123456789"],
  ["+1.202.555.0143", "12025550143@s.whatsapp.net", "12025550143"],
  ["13135550002", "13135550002@s.whatsapp.net", "13135550002"],
  ["5511999999999@s.whatsapp.net", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["5511999999999:12@s.whatsapp.net", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["5511999999999.0:12@s.whatsapp.net", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["5511999999999_1@s.whatsapp.net", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["5511999999999@c.us", "5511999999999@s.whatsapp.net", "5511999999999"],
  ["0@s.whatsapp.net", "0@s.whatsapp.net", "0"],
  ["123456789012345@lid", "123456789012345@lid", "123456789012345@lid"],
  ["123456789012345:3@lid", "123456789012345@lid", "123456789012345@lid"],
  ["120363019502650977-group", "120363019502650977@g.us", "120363019502650977-group"],
  ["120363019502650977@g.us", "120363019502650977@g.us", "120363019502650977-group"],
  ["5511999999999-1623281429", "5511999999999-1623281429@g.us", "5511999999999-1623281429-group"],
  ["5511999999999-1623281429-group", "5511999999999-1623281429@g.us", "5511999999999-1623281429-group"],
  ["5511999999999-1623281429@g.us", "5511999999999-1623281429@g.us", "5511999999999-1623281429-group"],
  ["120363019502650977@newsletter", "120363019502650977@newsletter", "120363019502650977@newsletter"],
  ["120363019502650977-channel", "120363019502650977@newsletter", "120363019502650977@newsletter"],
  ["1623281429-broadcast", "1623281429@broadcast", "1623281429-broadcast"],
  ["1623281429@broadcast", "1623281429@broadcast", "1623281429-broadcast"],
  ["status", "status@broadcast", "status@broadcast"],
  ["status@broadcast", "status@broadcast", "status@broadcast"],
])("parseChat: %s is %s, seen as %s", (input, jid, phone) => {
  expect(parseChat(input)).toBe(jid);
  expect(phoneOf(jid)).toBe(phone);
  expect(parseChat(phone === "0" ? jid : phone)).toBe(jid);
});

test.each([
  "",
  " ",
  "hello",
  "123",
  "0123456789",
  "1234567890123456",
  "55119999@9999",
  "@s.whatsapp.net",
  "abc@s.whatsapp.net",
  "5511999999999@example.com",
  "abc-group",
  "-group",
  "123@call",
  "status-group",
  "5511999999999; DROP",
])("parseChat: %j is refused", (input) => {
  expect(() => parseChat(input)).toThrow(expect.objectContaining({ code: "invalid_phone" }));
});

test("parsePerson: groups and channels are refused", () => {
  expect(parsePerson("5511999999999")).toBe("5511999999999@s.whatsapp.net");
  expect(parsePerson("123@lid")).toBe("123@lid");
  expect(() => parsePerson("120363019502650977-group")).toThrow(expect.objectContaining({ code: "invalid_phone" }));
  expect(() => parsePerson("status")).toThrow(expect.objectContaining({ code: "invalid_phone" }));
});

test("phoneDigitsOf: takes the mask off and refuses the rest", () => {
  expect(phoneDigitsOf("+55 (11) 99999-9999")).toBe("5511999999999");
  expect(phoneDigitsOf("not a number")).toBeUndefined();
});

test("jid: device and agent are told from the user", () => {
  expect(parseJid("5511999999999:12@s.whatsapp.net")).toEqual({
    user: "5511999999999",
    server: "s.whatsapp.net",
    device: 12,
  });
  expect(parseJid("123:4@hosted.lid")).toEqual({ user: "123", server: "lid", device: 4 });
  expect(parseJid("5511999999999-1623281429@g.us")).toEqual({ user: "5511999999999-1623281429", server: "g.us" });
  expect(parseJid("no jid")).toBeUndefined();
  expect(canonicalJid("no jid")).toBe("no jid");
  expect([deviceOf("1:0@lid"), deviceOf("1:7@lid"), deviceOf("1@lid")]).toEqual([0, 7, 0]);
  expect([userOf("551199:3@s.whatsapp.net"), userOf("551199"), userOf("x@unknown")]).toEqual(["551199", "551199", "x"]);
  expect(sameJid("551199:3@s.whatsapp.net", "551199@c.us")).toBe(true);
});

test("jid: each kind is told apart", () => {
  const kinds = { isPersonJid, isLidJid, isGroupJid, isNewsletterJid, isBroadcastJid, isStatusJid };
  const of = (jid: string) => Object.entries(kinds).flatMap(([name, is]) => (is(jid) ? [name] : []));
  expect(of("551199@s.whatsapp.net")).toEqual(["isPersonJid"]);
  expect(of("1@lid")).toEqual(["isLidJid"]);
  expect(of("1@g.us")).toEqual(["isGroupJid"]);
  expect(of("1@newsletter")).toEqual(["isNewsletterJid"]);
  expect(of("1@broadcast")).toEqual(["isBroadcastJid"]);
  expect(of("status@broadcast")).toEqual(["isBroadcastJid", "isStatusJid"]);
});
