import { describe, expect, test } from "vitest";

import { call, callJson, known, openHttp, scenarios, t0 } from "./support.ts";
import type { Scenario, TestHttp } from "./support.ts";

const phone = "5511999999999";
const jid = `${phone}@s.whatsapp.net`;

/** The only queued message, as the store has it. */
async function queuedIn(http: TestHttp): Promise<unknown> {
  const queued = await http.store.queue.list({ instanceId: known.instanceId, states: ["queued"], limit: 10 });
  expect(queued.length).toBe(1);
  return queued[0];
}

const accepted: readonly (readonly [name: string, body: Record<string, unknown>, queued: unknown])[] = [
  [
    "plain",
    { phone, message: "hi" },
    { outgoing: { to: jid, content: { kind: "text", text: "hi" }, options: {} }, typingMs: 0 },
  ],
  ["text is another name of message", { phone, text: "hi" }, { outgoing: { content: { text: "hi" } } }],
  ["the phone as a number", { phone: 5511999999999, message: "hi" }, { outgoing: { to: jid } }],
  ["the phone with a mask", { phone: "+55 (11) 99999-9999", message: "hi" }, { outgoing: { to: jid } }],
  ["a group", { phone: "120363019502650977-group", message: "hi" }, { outgoing: { to: "120363019502650977@g.us" } }],
  [
    "an old group",
    { phone: "5511999999999-1623281429", message: "hi" },
    { outgoing: { to: "5511999999999-1623281429@g.us" } },
  ],
  [
    "a channel",
    { phone: "999999999999999999@newsletter", message: "hi" },
    { outgoing: { to: "999999999999999999@newsletter" } },
  ],
  ["a hidden number", { phone: "999999999999@lid", message: "hi" }, { outgoing: { to: "999999999999@lid" } }],
  ["delays in seconds", { phone, message: "hi", delayMessage: 3, delayTyping: 2 }, { delayMs: 3000, typingMs: 2000 }],
  ["delays as text", { phone, message: "hi", delayMessage: "3" }, { delayMs: 3000 }],
  ["a delay of zero", { phone, message: "hi", delayMessage: 0 }, { delayMs: 0 }],
  ["a time", { phone, message: "hi", scheduledFor: "2026-11-24T13:00:00Z" }, { scheduledAt: t0 + 3_600_000 }],
  ["a reply", { phone, message: "hi", messageId: "3EB0A" }, { outgoing: { options: { replyTo: "3EB0A" } } }],
  [
    "an edit",
    { phone, message: "hi", editMessageId: "3EB0A" },
    { outgoing: { content: { text: "hi", editMessageId: "3EB0A" } } },
  ],
  [
    "a private answer",
    { phone: "120363019502650977-group", message: "hi", messageId: "A", privateAnswer: true },
    { outgoing: { options: { replyTo: "A", privateAnswer: true } } },
  ],
  [
    "mentions as text and number",
    { phone, message: "@1 @2", mentioned: ["5511888888888", 5511777777777] },
    { outgoing: { options: { mentioned: ["5511888888888", "5511777777777"] } } },
  ],
  ["everybody", { phone, message: "all", mentionedAll: true }, { outgoing: { options: { mentionAll: true } } }],
  [
    "group mentions",
    { phone, message: "x", groupMentioned: [{ phone: "1203-group", subject: "s" }] },
    { outgoing: { options: { groupMentioned: [{ phone: "1203-group", subject: "s" }] } } },
  ],
  ["unknown fields and nulls are ignored", { phone, message: "hi", delayTyping: null, colour: "red" }, { typingMs: 0 }],
  [
    "line breaks of all kinds",
    { phone, message: "a\r\nb\rc%0Ad\ne" },
    { outgoing: { content: { text: "a\nb\nc\nd\ne" } } },
  ],
  [
    "a link keeps its %0a",
    { phone, message: "https://x.example/?q=a%0ab" },
    { outgoing: { content: { text: "https://x.example/?q=a%0ab" } } },
  ],
];

describe("send-text: accepts", () => {
  scenarios(
    accepted.map(([name, body, queued]) => ({
      name,
      request: "POST send-text",
      body,
      status: 200,
      without: ["colour", "status"],
      after: async (http, answer) => {
        const row = await queuedIn(http);
        expect(row).toMatchObject(queued as object);
        const { zaapId, messageId } = row as { zaapId: string; messageId: string };
        expect(answer).toEqual({ zaapId, messageId, id: messageId });
      },
    })),
  );
});

const refused: readonly (readonly [name: string, body: unknown, answer: Scenario["answer"]])[] = [
  ["no phone", { message: "hi" }, { code: "invalid_request", field: "phone", error: "phone: is required" }],
  ["null as phone", { phone: null, message: "hi" }, { field: "phone", error: "phone: is required" }],
  ["a phone that is none", { phone: "call me", message: "hi" }, { code: "invalid_phone", field: "phone" }],
  ["a phone of another type", { phone: { digits: 1 }, message: "hi" }, { code: "invalid_request", field: "phone" }],
  ["no message", { phone }, { code: "invalid_request", field: "message", error: "message: is required" }],
  ["an empty message", { phone, message: "" }, { field: "message" }],
  [
    "a message of another type",
    { phone, message: 5 },
    { field: "message", error: "message: expected string, received number" },
  ],
  ["a message that is too long", { phone, message: "x".repeat(65_537) }, { field: "message" }],
  ["a delay that is no number", { phone, message: "hi", delayMessage: "soon" }, { field: "delayMessage" }],
  ["a negative delay", { phone, message: "hi", delayMessage: -1 }, { field: "delayMessage" }],
  ["a flag of another type", { phone, message: "hi", mentionedAll: "yes" }, { field: "mentionedAll" }],
  [
    "a broken group mention",
    { phone, message: "hi", groupMentioned: [{ phone: "1" }] },
    { field: "groupMentioned.0.subject" },
  ],
  ["a time in the past", { phone, message: "hi", scheduledFor: "2026-11-24T11:00:00Z" }, { field: "scheduledFor" }],
  ["a time that is none", { phone, message: "hi", scheduledFor: "tomorrow" }, { field: "scheduledFor" }],
];

describe("send-text: refuses", () => {
  scenarios(
    refused.map(([name, body, answer]) => ({
      name,
      request: "POST send-text",
      body,
      status: 400,
      answer,
      after: async (http) => {
        expect(await http.store.queue.count({ instanceId: known.instanceId, states: ["queued"] })).toBe(0);
      },
    })),
  );
});

describe("Idempotency-Key", () => {
  const send = { request: "POST send-text", body: { phone, message: "once" }, headers: { "idempotency-key": "k-1" } };

  test("a repeated request answers the first ids and queues nothing", async () => {
    await using http = await openHttp();
    const first = await callJson(http, send);
    const again = await call(http, { ...send, body: { message: "once", extra: 1, phone } });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toEqual(first);
    await queuedIn(http);
  });

  test("a scheduled request can be repeated after its time has come", async () => {
    await using http = await openHttp();
    const later = { ...send, body: { ...send.body, scheduledFor: t0 + 1000 } };
    const first = await callJson(http, later);
    http.clock.now += 5000;
    expect(await callJson(http, later)).toEqual(first);
    await queuedIn(http);
  });

  test("the same key for another request is a conflict", async () => {
    await using http = await openHttp();
    await callJson(http, send);
    const other = await call(http, { ...send, body: { phone, message: "twice" } });
    expect([other.status, await other.json()]).toMatchObject([409, { code: "idempotency_conflict" }]);
    await queuedIn(http);
  });

  test("the key of one instance means nothing to another", async () => {
    await using http = await openHttp();
    await callJson(http, send);
    const request = `POST /instances/${known.otherId}/token/${known.otherToken}/send-text`;
    const other = await call(http, { ...send, request, body: { phone, message: "other" } });
    expect(other.status).toBe(200);
  });

  test.each(["", " ", "a b", "x".repeat(256)])("an unusable key is refused (%#)", async (key) => {
    await using http = await openHttp();
    const response = await call(http, { ...send, headers: { "idempotency-key": key } });
    expect([response.status, await response.json()]).toMatchObject([400, { field: "Idempotency-Key" }]);
  });
});
