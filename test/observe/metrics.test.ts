import { describe, expect, it } from "vitest";
import { createMetrics, type ProcessMetrics } from "#observe/metrics.ts";

const clock = { now: () => 1_000_000, monotonicMs: () => 0 };
const open = (): ProcessMetrics => createMetrics({ enabled: true, version: "1.2.3" }, clock);

/** The samples of this program whose line begins so. */
async function samples(metrics: ProcessMetrics, start = "wazapi_"): Promise<readonly string[]> {
  const { text } = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(start));
}

/** Everything that can be watched, all in order. */
const watched = {
  stats: () => ({ buffered: 1, lanes: 2, held: 3 }),
  sessions: { owned: () => ["a", "b"], connectedCount: () => 1 },
  store: {
    deliveries: {
      lanes: async () => [
        { pending: 4, oldestAt: 940_000, breaker: { state: "open" } },
        { pending: 1, oldestAt: 970_000, breaker: { state: "closed" } },
        { pending: 0, breaker: { state: "closed" } },
      ],
    },
    queue: { nextDueAt: async () => 990_000 },
    instances: {
      list: async ({ offset, limit }: { offset: number; limit: number }) => ({
        instances: Array.from({ length: Math.max(0, Math.min(limit, 150 - offset)) }, (_, index) => ({
          connection: { state: (offset + index) % 3 === 0 ? "connected" : "unpaired" },
        })),
      }),
    },
  },
};

describe("metrics", () => {
  it("the process itself is measured", async () => {
    const { contentType, text } = await open().render();
    expect(contentType).toMatch(/^text\/plain/);
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain('wazapi_build_info{version="1.2.3"} 1');
  });

  it("two in one process do not know of each other", async () => {
    const [one, other] = [open(), open()];
    one.observe.decryptFailed();
    expect(await samples(other, "wazapi_decrypt_failures_total")).toEqual(["wazapi_decrypt_failures_total 0"]);
  });

  it("requests are counted by operation, never by path", async () => {
    const metrics = open();
    metrics.requestAnswered({ operation: "sendText", method: "POST", status: 200, durationMs: 250 });
    metrics.requestAnswered({ operation: "sendText", method: "POST", status: 429, durationMs: 500 });
    expect(await samples(metrics, "wazapi_http_requests_total")).toEqual([
      'wazapi_http_requests_total{operation="sendText",method="POST",status="200"} 1',
      'wazapi_http_requests_total{operation="sendText",method="POST",status="429"} 1',
    ]);
    expect(await samples(metrics, "wazapi_http_request_duration_seconds_sum")).toEqual([
      'wazapi_http_request_duration_seconds_sum{operation="sendText",method="POST"} 0.75',
    ]);
  });

  it("what the rooms tell is counted, without an instance", async () => {
    const metrics = open();
    const attempt = { instanceId: "AB", type: "ReceivedCallback", durationMs: 20, ageMs: 50 };
    metrics.observe.attempted({ ...attempt, outcome: "delivered" });
    metrics.observe.attempted({ ...attempt, outcome: "unreachable" });
    const send = { instanceId: "AB", ageMs: 1_500 };
    metrics.observe.queued({ ...send, outcome: "sent" });
    metrics.observe.queued({ ...send, outcome: "retried", code: "send_timeout" });
    metrics.observe.found("silent", 2);
    metrics.observe.pruned({ events: 7, journal: 0 });
    metrics.observe.reconnected("connection_lost");
    metrics.observe.refused("message");
    const lines = await samples(metrics);
    for (const line of [
      'wazapi_webhook_attempts_total{type="ReceivedCallback",outcome="delivered"} 1',
      'wazapi_webhook_attempts_total{type="ReceivedCallback",outcome="unreachable"} 1',
      "wazapi_webhook_latency_seconds_count 1",
      'wazapi_refused_by_database_total{kind="message"} 1',
      "wazapi_webhook_latency_seconds_sum 0.05",
      'wazapi_send_attempts_total{outcome="sent",code=""} 1',
      'wazapi_send_attempts_total{outcome="retried",code="send_timeout"} 1',
      "wazapi_send_latency_seconds_sum 1.5",
      'wazapi_reconcile_findings_total{finding="silent"} 2',
      'wazapi_pruned_rows_total{kind="events"} 7',
      'wazapi_reconnects_total{reason="connection_lost"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.join()).not.toMatch(/AB|journal/);
  });

  it("words that come from elsewhere fill a bounded number of series", async () => {
    const metrics = open();
    for (let index = 0; index < 200; index += 1) metrics.observe.reconnected(`reason_${index}`);
    const lines = await samples(metrics, "wazapi_reconnects_total");
    expect(lines).toHaveLength(41);
    expect(lines).toContain('wazapi_reconnects_total{reason="other"} 160');
  });

  it("gauges are read at the scrape", async () => {
    const metrics = open();
    metrics.watch(watched);
    const lines = await samples(metrics);
    for (const line of [
      "wazapi_buffered_batches 1",
      "wazapi_lanes 2",
      "wazapi_deliveries_held 3",
      "wazapi_sessions_owned 2",
      "wazapi_sessions_connected 1",
      "wazapi_deliveries_pending 5",
      "wazapi_open_breakers 1",
      "wazapi_oldest_pending_delivery_age_seconds 60",
      "wazapi_oldest_due_message_age_seconds 10",
      'wazapi_sessions{state="connected"} 50',
      'wazapi_sessions{state="unpaired"} 100',
      "wazapi_unreadable_sources 0",
    ]) {
      expect(lines).toContain(line);
    }
  });

  it("a source that fails leaves its gauges out instead of showing what was, and returns", async () => {
    const metrics = open();
    let broken = false;
    const lanes = (): ReturnType<typeof watched.store.deliveries.lanes> =>
      broken ? Promise.reject(new Error("locked")) : watched.store.deliveries.lanes();
    metrics.watch({ ...watched, store: { ...watched.store, deliveries: { lanes } } });
    expect(await samples(metrics, "wazapi_deliveries_pending")).toEqual(["wazapi_deliveries_pending 5"]);
    broken = true;
    const lines = await samples(metrics);
    expect(lines.filter((line) => /deliveries_pending|open_breakers|oldest_pending/.test(line))).toEqual([]);
    expect(lines).toContain("wazapi_unreadable_sources 1");
    expect(lines).toContain("wazapi_sessions_connected 1");
    broken = false;
    expect(await samples(metrics, "wazapi_deliveries_pending")).toEqual(["wazapi_deliveries_pending 5"]);
  });

  it("a state nobody is in any more is not shown", async () => {
    const metrics = open();
    let state = "pairing";
    const list = async () => ({ instances: [{ connection: { state } }] });
    metrics.watch({ store: { ...watched.store, instances: { list } } });
    await metrics.render();
    state = "connected";
    expect(await samples(metrics, "wazapi_sessions{")).toEqual(['wazapi_sessions{state="connected"} 1']);
  });

  it("switched off: nothing is collected and there is nothing at the address", async () => {
    const metrics = createMetrics({ enabled: false });
    metrics.requestAnswered({ operation: "a", method: "GET", status: 200, durationMs: 1 });
    metrics.observe.queued({ outcome: "sent", ageMs: 1 });
    metrics.watch(watched);
    await expect(metrics.render()).rejects.toMatchObject({ code: "not_found" });
  });
});
