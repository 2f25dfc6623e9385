import { describe, expect, test } from "vitest";

import { call, callJson, known, openHttp, persist, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

const group = "120363019502650977@g.us";
const person = (digits: string) => `${digits}@s.whatsapp.net`;

/** A group message read by one, delivered to another, with its status event. */
async function withStates(http: TestHttp): Promise<void> {
  const messageId = "3EB0GROUP";
  await http.store.messages.put({
    messages: [
      {
        instanceId: known.instanceId,
        chatId: group,
        messageId,
        fromMe: true,
        senderId: person("5511988887777"),
        at: t0,
        type: "text",
        proto: new Uint8Array([1]),
      },
    ],
  });
  await http.store.messages.record({
    instanceId: known.instanceId,
    steps: [
      { messageId, chatId: group, status: "sent", at: t0 },
      { messageId, chatId: group, status: "delivered", at: t0 + 1, participant: person("5511111111111") },
      { messageId, chatId: group, status: "read", at: t0 + 2, participant: person("5511111111111") },
      { messageId, chatId: group, status: "delivered", at: t0 + 3, participant: person("5511222222222") },
    ],
  });
  await persist(http, "receipt", {
    kind: "receipt",
    type: "MessageStatusCallback",
    chatId: group,
    captured: JSON.stringify({ kind: "receipt", messageIds: [messageId] }),
    slots: ["messageStatus"],
  });
}

const aggregated = {
  messageId: "3EB0GROUP",
  instanceId: known.instanceId,
  groupId: "120363019502650977-group",
  phone: "120363019502650977-group",
  isGroup: true,
  totalParticipants: 2,
  status: { sent: 2, delivered: 2, read: 1, played: 0 },
  createdAt: t0,
  updatedAt: t0 + 3,
};

describe("messages-status", () => {
  test.each(["?messageId=3EB0GROUP", "?groupId=120363019502650977", "?phone=120363019502650977-group", ""])(
    "aggregates per message (%s)",
    async (query) => {
      await using http = await openHttp();
      await withStates(http);
      expect(await callJson(http, { request: `GET messages-status${query}` })).toEqual({
        data: [aggregated],
        meta: { total: 1, limit: 100, offset: 0 },
      });
    },
  );

  test("names participants on request, each with the furthest state", async () => {
    await using http = await openHttp();
    await withStates(http);
    const request = "GET messages-status?messageId=3EB0GROUP&includeParticipants=true";
    expect(await callJson(http, { request })).toMatchObject({
      data: [
        {
          participants: [
            { phone: "5511111111111", status: "read", timestamp: t0 + 2 },
            { phone: "5511222222222", status: "delivered", timestamp: t0 + 3 },
          ],
        },
      ],
    });
  });

  test("raw: the webhook bodies", async () => {
    await using http = await openHttp();
    await withStates(http);
    expect(await callJson(http, { request: "GET messages-status?format=raw&messageId=3EB0GROUP" })).toMatchObject({
      data: [{ messageId: "3EB0GROUP", payload: { type: "MessageStatusCallback" }, cachedAt: t0 }],
    });
    expect(await callJson(http, { request: "GET messages-status?format=raw&messageId=OTHER" })).toMatchObject({
      data: [],
    });
  });

  test("an unknown message and another instance see nothing", async () => {
    await using http = await openHttp();
    await withStates(http);
    expect(await callJson(http, { request: "GET messages-status?messageId=NOPE" })).toMatchObject({ data: [] });
    const other = `GET /instances/${known.otherId}/token/${known.otherToken}/messages-status?messageId=3EB0GROUP`;
    expect(await callJson(http, { request: other })).toMatchObject({ data: [] });
  });

  test("nothing is withheld and nothing cached", async () => {
    await using http = await openHttp();
    expect(await callJson(http, { request: "POST messages-status/flush", body: { all: true } })).toEqual({
      flushed: 0,
      webhooksTriggered: 0,
    });
    expect(await callJson(http, { request: "DELETE messages-status/cache?messageId=A" })).toEqual({
      cleared: 0,
      messageId: "A",
    });
    expect(await callJson(http, { request: "GET messages-status/stats" })).toMatchObject({
      totalEntries: 0,
      pendingWebhooks: 0,
    });
  });

  test.each([
    "POST messages-status/flush",
    "DELETE messages-status/cache",
    "GET messages-status?limit=0",
    "GET messages-status?phone=x",
  ])("%s: refused", async (request) => {
    await using http = await openHttp();
    expect((await call(http, { request })).status).toBe(400);
  });
});
