import { describe, expect, test } from "vitest";

import { call, callJson, known, openHttp, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

interface Ids {
  readonly zaapId: string;
  readonly messageId: string;
}
interface Page {
  readonly messages: readonly { readonly Message: string }[];
  readonly pagingState: string | null;
  readonly hasMore: boolean;
}

const send = async (http: TestHttp, message: string, extra: object = {}) =>
  (await callJson(http, { request: "POST send-text", body: { phone: "5511999999999", message, ...extra } })) as Ids;

const claim = (http: TestHttp) =>
  http.store.queue.claim({ instanceId: known.instanceId, owner: "w", leaseMs: 1000, now: http.clock.now });

async function failFirst(http: TestHttp): Promise<void> {
  const claimed = (await claim(http))!;
  await http.store.queue.settle({ claim: claimed, outcome: "failed", error: "rejected", events: [], now: t0 });
}

describe("lists", () => {
  test("GET: a bare array with Z-API's names", async () => {
    await using http = await openHttp();
    const { zaapId, messageId } = await send(http, "one", { delayMessage: 5, delayTyping: 2 });
    await send(http, "two");
    const list = await callJson(http, { request: "GET queue?page=1&pageSize=10" });
    expect(list).toEqual([
      {
        _id: zaapId,
        ZaapId: zaapId,
        MessageId: messageId,
        InstanceId: known.instanceId,
        Phone: "5511999999999",
        Message: "one",
        DelayMessage: 5,
        DelayTyping: 2,
        Created: t0,
        CreatedAt: "2026-11-24T12:00:00.000Z",
        IsTrial: true,
        Beta: false,
        Type: "text",
        State: "queued",
        Attempts: 0,
      },
      expect.objectContaining({ Message: "two", DelayMessage: -1, DelayTyping: 0 }),
    ]);
    expect(await callJson(http, { request: "GET queue?page=2&pageSize=1" })).toMatchObject([{ Message: "two" }]);
  });

  test("POST: pages by cursor, in order of sending, and survives what leaves in between", async () => {
    await using http = await openHttp();
    for (let i = 0; i < 5; i++) await send(http, `m${i}`);
    const seen: string[] = [];
    let pagingState: string | null = null;
    for (let more = true; more;) {
      const body: object = { pageSize: 2, ...(pagingState !== null && { pagingState }) };
      const page = (await callJson(http, { request: "POST queue", body })) as Page;
      seen.push(...page.messages.map(({ Message }) => Message));
      ({ pagingState, hasMore: more } = page);
      if (seen.length === 2) await failFirst(http);
    }
    expect(seen).toEqual(["m0", "m1", "m2", "m3", "m4"]);
  });

  test("both: those that failed are listed when they are asked for", async () => {
    await using http = await openHttp();
    await send(http, "one");
    await send(http, "two");
    await failFirst(http);
    const failed = [{ Message: "one", State: "failed", LastError: "rejected" }];
    expect(await callJson(http, { request: "GET queue?state=failed" })).toMatchObject(failed);
    expect(await callJson(http, { request: "POST queue", body: { state: "failed" } })).toMatchObject({
      messages: failed,
    });
    expect(await callJson(http, { request: "GET queue" })).toMatchObject([{ Message: "two" }]);
  });

  test("POST: defaults, empty and broken cursors", async () => {
    await using http = await openHttp();
    expect(await callJson(http, { request: "POST queue" })).toEqual({
      messages: [],
      pagingState: null,
      hasMore: false,
    });
    const broken = await call(http, { request: "POST queue", body: { pagingState: "??" } });
    expect([broken.status, await broken.json()]).toMatchObject([400, { field: "pagingState" }]);
    const large = await call(http, { request: "POST queue", body: { pageSize: 31 } });
    expect([large.status, await large.json()]).toMatchObject([400, { field: "pageSize" }]);
  });

  test("count: what waits, of this instance only", async () => {
    await using http = await openHttp();
    await send(http, "one");
    await send(http, "two");
    expect(await callJson(http, { request: "GET queue/count" })).toEqual({ count: 2 });
    const other = `GET /instances/${known.otherId}/token/${known.otherToken}/queue/count`;
    expect(await callJson(http, { request: other })).toEqual({ count: 0 });
  });
});

describe("changes", () => {
  test("DELETE one: canceled once, then unknown", async () => {
    await using http = await openHttp();
    const { zaapId } = await send(http, "one");
    expect(await callJson(http, { request: `DELETE queue/${zaapId}` })).toEqual({ value: true });
    expect((await call(http, { request: `DELETE queue/${zaapId}` })).status).toBe(404);
    expect(await callJson(http, { request: "GET queue/count" })).toEqual({ count: 0 });
  });

  test("DELETE one: not while it is being sent, not of another instance", async () => {
    await using http = await openHttp();
    const { zaapId } = await send(http, "one");
    const foreign = `DELETE /instances/${known.otherId}/token/${known.otherToken}/queue/${zaapId}`;
    expect((await call(http, { request: foreign })).status).toBe(404);
    await claim(http);
    const sending = await call(http, { request: `DELETE queue/${zaapId}` });
    expect([sending.status, await sending.json()]).toMatchObject([409, { code: "conflict" }]);
  });

  test("DELETE all: says how many", async () => {
    await using http = await openHttp();
    await send(http, "one");
    await send(http, "two");
    expect(await callJson(http, { request: "DELETE queue" })).toEqual({ value: true, canceled: 2 });
    expect(await callJson(http, { request: "GET queue" })).toEqual([]);
  });

  test("retry: a failed message goes back and the worker is woken; a waiting one is a conflict", async () => {
    await using http = await openHttp();
    const { zaapId } = await send(http, "one");
    const waiting = await call(http, { request: `POST queue/${zaapId}/retry` });
    expect([waiting.status, await waiting.json()]).toMatchObject([409, { code: "conflict" }]);
    await failFirst(http);
    expect(await callJson(http, { request: `POST queue/${zaapId}/retry` })).toEqual({ value: true });
    expect(http.calls).toEqual([["wakeQueue", known.instanceId]]);
    expect(await callJson(http, { request: "GET queue/count" })).toEqual({ count: 1 });
    expect((await call(http, { request: "POST queue/NOPE/retry" })).status).toBe(404);
  });
});

test("trace: the queue row and the ledger of one message", async () => {
  await using http = await openHttp();
  const { zaapId, messageId } = await send(http, "one");
  await http.store.messages.record({
    instanceId: known.instanceId,
    steps: [
      { messageId, chatId: "5511999999999@s.whatsapp.net", status: "sent", at: t0 + 5 },
      {
        messageId,
        chatId: "5511999999999@s.whatsapp.net",
        status: "read",
        at: t0 + 9,
        participant: "5511999999999@s.whatsapp.net",
      },
    ],
  });
  expect(await callJson(http, { request: `GET messages/${messageId}/trace` })).toMatchObject({
    messageId,
    phone: "5511999999999",
    status: "read",
    steps: expect.arrayContaining([
      expect.objectContaining({ status: "sent", at: t0 + 5 }),
      { status: "read", at: t0 + 9, participant: "5511999999999" },
    ]),
    queue: { zaapId, state: "queued", attempts: 0 },
  });
  expect((await call(http, { request: "GET messages/NOPE/trace" })).status).toBe(404);
});
