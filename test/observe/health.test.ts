import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { systemClock } from "#lib/clock.ts";
import { silentLog, type LogFields } from "#lib/log.ts";
import { startEventLoopLag } from "#observe/event-loop-lag.ts";
import { createReadiness, type ReadinessDeps } from "#observe/health.ts";
import { createProbe } from "#observe/probe.ts";

const options = { minFreeDiskBytes: 1_000, maxEventLoopLagMs: 100 };
const never = new AbortController().signal;

/** Everything is well, except what is given. */
function readiness(deps: Partial<ReadinessDeps> = {}) {
  return createReadiness(
    {
      clock: systemClock,
      role: () => "leader",
      store: () => ({ check: () => Promise.resolve() }),
      dataDir: "/data",
      lag: { p99Ms: () => 0 },
      freeBytes: () => Promise.resolve(1_000_000),
      ...deps,
    },
    options,
  );
}

describe("readiness", () => {
  it("a node that is well says so part by part", async () => {
    const ok = { status: "healthy" };
    expect(await readiness({ lockHeld: () => true }).check(never)).toEqual({
      role: "leader",
      checks: { store: ok, disk: ok, event_loop: ok, leader_lock: ok },
    });
  });

  it.each<[string, Partial<ReadinessDeps>, string, string, string]>([
    [
      "a store that cannot be written",
      { store: () => ({ check: () => Promise.reject(new WazapiError("storage", { message: "/secret/path" })) }) },
      "store",
      "unhealthy",
      "storage",
    ],
    ["a store that is not open", { store: () => undefined }, "store", "unhealthy", "not open"],
    ["a full disk", { freeBytes: async () => 999 }, "disk", "unhealthy", "the disk is full"],
    ["a disk that is nearly full", { freeBytes: async () => 1_999 }, "disk", "degraded", "the disk is nearly full"],
    [
      "a disk that is gone",
      { freeBytes: () => Promise.reject(new Error("EIO at /data")) },
      "disk",
      "unhealthy",
      "check failed",
    ],
    ["a busy process", { lag: { p99Ms: () => 101 } }, "event_loop", "degraded", "the process is busy"],
    [
      "a stolen lock",
      { lockHeld: () => false },
      "leader_lock",
      "unhealthy",
      "the lock of the data directory was replaced",
    ],
    ["a sandbox that is gone", { sandboxUrl: "http://127.0.0.1:1" }, "sandbox", "unhealthy", "check failed"],
  ])("%s", async (_, deps, part, status, error) => {
    const { checks } = await readiness(deps).check(never);
    expect(checks[part]).toEqual({ status, error });
  });

  it("a standby has no store and no lock, and that is right", async () => {
    const { role, checks } = await readiness({
      role: () => "standby",
      store: () => undefined,
      lockHeld: () => undefined,
    }).check(never);
    expect(role).toBe("standby");
    expect(Object.keys(checks)).toEqual(["disk", "event_loop"]);
  });

  it("a part that hangs is unhealthy, and is not asked again meanwhile", async () => {
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    const check = (): Promise<void> => {
      asked += 1;
      return answer.promise;
    };
    const ready = readiness({ store: () => ({ check }) });
    const hurry = new AbortController();
    const first = ready.check(hurry.signal);
    hurry.abort();
    expect((await first).checks["store"]).toEqual({ status: "unhealthy", error: "no answer in time" });
    const second = ready.check(never);
    answer.resolve();
    expect((await second).checks["store"]).toEqual({ status: "healthy" });
    expect(asked).toBe(1);
    await ready.check(never);
    expect(asked).toBe(2);
  });

  it("why a part failed is in the log only", async () => {
    const warned: LogFields[] = [];
    const error = new Error("disk on fire");
    const log = { ...silentLog, warn: (fields: LogFields) => void warned.push(fields) };
    const result = await readiness({ log, freeBytes: () => Promise.reject(error) }).check(never);
    expect(warned).toEqual([{ part: "disk", error }]);
    expect(JSON.stringify(result)).not.toContain("fire");
  });

  it("a sandbox is asked for its configuration", async () => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { connection: "close" }).end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const ready = readiness({ sandboxUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect((await ready.check(never)).checks["sandbox"]).toEqual({ status: "healthy" });
    status = 500;
    expect((await ready.check(never)).checks["sandbox"]).toMatchObject({ status: "unhealthy" });
    expect(asked).toEqual(["/sandbox/config", "/sandbox/config"]);
    server.close();
    await once(server, "close");
  });

  it("the machine is asked when nothing else is given", async () => {
    using ready = createReadiness(
      { clock: systemClock, role: () => "leader", store: () => undefined, dataDir: import.meta.dirname },
      { minFreeDiskBytes: 1, maxEventLoopLagMs: 60_000 },
    );
    const { checks } = await ready.check(never);
    expect(checks).toMatchObject({ disk: { status: "healthy" }, event_loop: { status: "healthy" } });
  });
});

describe("probe", () => {
  it("a question that throws at once is a failure, and can be asked again", async () => {
    let calls = 0;
    const probe = createProbe(1_000, () => {
      calls += 1;
      throw new Error("no");
    });
    expect(await probe(never)).toMatchObject({ kind: "failed" });
    expect(await probe(never)).toMatchObject({ kind: "failed" });
    expect(calls).toBe(2);
  });

  it("without an answer it ends after its time", async () => {
    const probe = createProbe(5, () => new Promise(() => {}));
    expect(await probe(never)).toEqual({ kind: "late" });
  });
});

it("event loop lag: a slow moment is told for this window and the next, then forgotten", () => {
  let nowMs = 0;
  let p99 = NaN;
  let running = false;
  const histogram = {
    enable: () => (running = true),
    disable: () => (running = false),
    percentile: () => p99,
    reset: () => (p99 = 20e6),
  };
  {
    using lag = startEventLoopLag(
      { now: () => 0, monotonicMs: () => nowMs },
      { ...histogram, reset: () => void histogram.reset() },
    );
    expect(running).toBe(true);
    expect(lag.p99Ms()).toBe(0);
    p99 = 320e6;
    expect(lag.p99Ms()).toBe(300);
    nowMs += 15_000;
    expect(lag.p99Ms()).toBe(300);
    expect(lag.p99Ms()).toBe(300);
    nowMs += 15_000;
    lag.p99Ms();
    expect(lag.p99Ms()).toBe(0);
  }
  expect(running).toBe(false);
});
