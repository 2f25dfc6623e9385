import { describe, expect, test } from "vitest";

import { buryAll, call, callJson, known, openHttp, persist, setHook, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

interface EventList {
  readonly events: readonly { readonly eventId: string; readonly sequence: number; readonly type: string }[];
  readonly next: number | null;
}

const list = async (http: TestHttp, query = "") =>
  (await callJson(http, { request: `GET events${query}` })) as EventList;

describe("list", () => {
  test("newest first, by page", async () => {
    await using http = await openHttp();
    for (let i = 1; i <= 5; i++) await persist(http, `k${i}`);
    const first = await list(http, "?limit=3");
    expect(first.events.map(({ sequence }) => sequence)).toEqual([5, 4, 3]);
    const second = await list(http, `?limit=3&before=${first.next}`);
    expect([second.events.map(({ sequence }) => sequence), second.next]).toEqual([[2, 1], null]);
  });

  test("filters by type, chat, time and state of delivery", async () => {
    await using http = await openHttp();
    await setHook(http);
    await persist(http, "k1", { type: "MessageStatusCallback", chatId: "5511777777777@s.whatsapp.net" });
    http.clock.now += 60_000;
    await persist(http, "k2");
    const sequences = async (query: string) => (await list(http, query)).events.map(({ sequence }) => sequence);
    expect(await sequences("?type=MessageStatusCallback")).toEqual([1]);
    expect(await sequences("?chatId=5511777777777")).toEqual([1]);
    expect(await sequences(`?from=${t0 + 1}`)).toEqual([2]);
    expect(await sequences(`?to=2026-11-24T12:00:30Z`)).toEqual([1]);
    expect(await sequences("?state=pending")).toEqual([2, 1]);
    expect(await sequences("?state=dead")).toEqual([]);
  });

  test.each(["?limit=0", "?state=lost", "?from=yesterday", "?chatId=nobody"])("refuses %s", async (query) => {
    await using http = await openHttp();
    expect((await call(http, { request: `GET events${query}` })).status).toBe(400);
  });
});

describe("one", () => {
  test("with payload, deliveries and tries", async () => {
    await using http = await openHttp();
    await setHook(http);
    const eventId = await persist(http, "k1");
    await buryAll(http);
    expect(await callJson(http, { request: `GET events/${eventId}` })).toMatchObject({
      eventId,
      sequence: 1,
      payload: { type: "ReceivedCallback" },
      deliveries: [
        {
          slot: "received",
          url: "https://customer.example/hook",
          state: "dead",
          attempts: 5,
          lastError: "status 500",
          tries: [{ status: 500, answer: "no", durationMs: 12, counted: true }],
        },
      ],
    });
  });

  test("not of another instance", async () => {
    await using http = await openHttp();
    const eventId = await persist(http, "k1");
    const response = await call(http, {
      request: `GET /instances/${known.otherId}/token/${known.otherToken}/events/${eventId}`,
    });
    expect([response.status, await response.json()]).toMatchObject([404, { code: "event_not_found" }]);
  });
});

describe("replay", () => {
  const replay = (http: TestHttp, body: object) => call(http, { request: "POST events/replay", body });

  test("makes new deliveries under the old ids and wakes the lanes", async () => {
    await using http = await openHttp();
    await setHook(http);
    const eventId = await persist(http, "k1");
    await persist(http, "k2");
    const response = await replay(http, { eventIds: [eventId] });
    expect([response.status, await response.json()]).toEqual([200, { replayed: 1 }]);
    expect(http.calls).toEqual([["wakeDeliveries"]]);
    const { deliveries } = (await callJson(http, { request: `GET events/${eventId}` })) as { deliveries: unknown[] };
    expect(deliveries.length).toBe(2);
  });

  test("by time, to another URL", async () => {
    await using http = await openHttp();
    await persist(http, "k1");
    http.clock.now += 1000;
    const eventId = await persist(http, "k2");
    const response = await replay(http, { from: t0 + 1, to: t0 + 2000, url: "https://elsewhere.example/" });
    expect(await response.json()).toEqual({ replayed: 1 });
    expect(await callJson(http, { request: `GET events/${eventId}` })).toMatchObject({
      deliveries: [{ url: "https://elsewhere.example/", slot: "replay" }],
    });
  });

  test.each([
    [{}, 400],
    [{ url: "https://elsewhere.example/" }, 400],
    [{ eventIds: [] }, 400],
    [{ eventIds: "k1" }, 400],
    [{ type: "ReceivedCallback", url: "http://169.254.169.254/latest" }, 422],
  ])("refuses %j", async (body, status) => {
    await using http = await openHttp();
    await persist(http, "k1");
    expect((await replay(http, body)).status).toBe(status);
  });
});
