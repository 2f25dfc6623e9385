import { describe, expect, test } from "vitest";

import { buryAll, call, callJson, known, openHttp, persist, setHook, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

/** A server with one dead letter; answers its event id. */
async function withDeadLetter(http: TestHttp): Promise<string> {
  await setHook(http);
  const eventId = await persist(http, "k1");
  await buryAll(http);
  return eventId;
}

describe("dlq", () => {
  test("stats count by status, type and error", async () => {
    await using http = await openHttp();
    expect(await callJson(http, { request: "GET dlq/stats" })).toMatchObject({ total_events: 0 });
    await withDeadLetter(http);
    expect(await callJson(http, { request: "GET dlq/stats" })).toEqual({
      total_events: 1,
      by_status: { pending: 1, discarded: 0 },
      by_event_type: { ReceivedCallback: 1 },
      by_failure_reason: { "status 500": 1 },
    });
  });

  test("list and one, with the webhook body and the tries", async () => {
    await using http = await openHttp();
    const eventId = await withDeadLetter(http);
    const listed = {
      event_id: eventId,
      instance_id: known.instanceId,
      event_type: "ReceivedCallback",
      last_error: "status 500",
      total_attempts: 5,
      reprocess_status: "pending",
    };
    expect(await callJson(http, { request: "GET dlq/events" })).toMatchObject({
      events: [listed],
      total: 1,
      page: 1,
      page_size: 20,
    });
    expect(await callJson(http, { request: "GET dlq/events?eventType=Other" })).toMatchObject({ events: [], total: 0 });
    expect(await callJson(http, { request: "GET dlq/events?status=processing" })).toMatchObject({
      events: [],
      total: 0,
    });
    expect(await callJson(http, { request: `GET dlq/events/${eventId}` })).toMatchObject({
      ...listed,
      first_attempt_at: "2026-11-24T12:00:00.000Z",
      original_payload: { type: "ReceivedCallback" },
      original_metadata: { slot: "received" },
    });
  });

  test("retry: the event leaves the dead letters and waits in its lane", async () => {
    await using http = await openHttp();
    const eventId = await withDeadLetter(http);
    expect(await callJson(http, { request: `POST dlq/events/${eventId}/retry` })).toMatchObject({
      success: true,
      event_id: eventId,
    });
    expect(http.calls).toEqual([["wakeDeliveries"]]);
    expect(await callJson(http, { request: "GET events?state=pending" })).toMatchObject({ events: [{ eventId }] });
    expect((await call(http, { request: `POST dlq/events/${eventId}/retry` })).status).toBe(404);
  });

  test("discard: stays listed as discarded and cannot be retried", async () => {
    await using http = await openHttp();
    const eventId = await withDeadLetter(http);
    expect(await callJson(http, { request: `POST dlq/events/${eventId}/discard` })).toMatchObject({ success: true });
    expect(await callJson(http, { request: "GET dlq/events?status=discarded" })).toMatchObject({
      events: [{ event_id: eventId, reprocess_status: "discarded" }],
    });
    expect((await call(http, { request: `POST dlq/events/${eventId}/retry` })).status).toBe(409);
  });

  test("retry-all: says how many", async () => {
    await using http = await openHttp();
    await withDeadLetter(http);
    const expected = { success: true, retried_count: 1, failed_count: 0 };
    expect(await callJson(http, { request: "POST dlq/retry-all?limit=9999" })).toEqual(expected);
    expect(await callJson(http, { request: "POST dlq/retry-all" })).toEqual({ ...expected, retried_count: 0 });
  });

  test("purge: hands the moment on", async () => {
    await using http = await openHttp();
    expect(await callJson(http, { request: "DELETE dlq/purge?olderThanDays=2" })).toEqual({
      success: true,
      deleted_count: 2,
    });
    expect(http.calls).toEqual([["purge", { instanceId: known.instanceId, before: t0 - 2 * 86_400_000 }]]);
  });

  test.each(["GET dlq/events/x", "POST dlq/events/x/retry", "POST dlq/events/x/discard"])(
    "%s: unknown",
    async (request) => {
      await using http = await openHttp();
      const response = await call(http, { request });
      expect([response.status, await response.json()]).toMatchObject([404, { code: "event_not_found" }]);
    },
  );

  test("a dead letter of another instance is unknown", async () => {
    await using http = await openHttp();
    const eventId = await withDeadLetter(http);
    const request = `POST /instances/${known.otherId}/token/${known.otherToken}/dlq/events/${eventId}/retry`;
    expect((await call(http, { request })).status).toBe(404);
  });
});
