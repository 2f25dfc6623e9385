import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Finding } from "#cli/doctor/finding.ts";
import { mediaLinks } from "#cli/doctor/media.ts";
import type { SeenInstances } from "#cli/doctor/running.ts";
import { loadConfig } from "#config/load.ts";
import { newMessageId, newZaapId } from "#domain/ids.ts";
import type { Connection } from "#domain/instance.ts";

import { buryAll, known, persist, setHook, t0 } from "../http/support.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { bucketEnv, reportOf } from "./doctor-support.ts";
import type { Report } from "./doctor-support.ts";
import { openServer } from "./support.ts";
import type { TestServer } from "./support.ts";

describe("with a server", () => {
  const parts = new AsyncDisposableStack();
  let server: TestServer;
  let sandboxUrl = "";
  beforeAll(async () => {
    sandboxUrl = parts.use(await openTestSandbox()).url;
    server = parts.use(await openServer());
  });
  afterAll(() => parts.disposeAsync());
  const reported = (env: Readonly<Record<string, string>> = {}): Promise<Report> =>
    reportOf(server.run, { WAZAPI_SANDBOX_URL: sandboxUrl, ...env });

  test("its version and what converts are compared with what is here", async () => {
    const { of } = await reported({ WAZAPI_FFMPEG: "none" });
    expect(of("server")[0]).toMatchObject({ status: "warn", found: expect.stringContaining("0.0.0-test") });
    expect(of("converter")).toMatchObject([
      { status: "ok", found: expect.stringContaining("built-in") },
      { status: "warn", found: "the server works with the built-in ffmpeg, here there is no ffmpeg" },
    ]);
    expect(of("port")).toEqual([]);
  });

  test("one that is not ready fails, with the reason", async () => {
    server.http.control.unhealthy = true;
    const { of, code } = await reported();
    server.http.control.unhealthy = false;
    expect(code).toBe(1);
    expect(of("server")[0]).toMatchObject({
      status: "fail",
      found: expect.stringContaining("database is unhealthy (disk full)"),
    });
  });

  test("a standby is no failure, and is not asked for instances", async () => {
    server.http.control.role = "standby";
    const { of } = await reported();
    server.http.control.role = "leader";
    expect(of("server").map(({ status }) => status)).not.toContain("fail");
    expect(of("connections")).toEqual([]);
  });

  test("tokens of another server are told", async () => {
    const { of } = await reported({ PARTNER_AUTH_TOKEN: "not-the-token-of-this-server" });
    expect(of("connections")).toMatchObject([{ status: "fail", found: expect.stringContaining("does not tell") }]);
  });

  const now = Date.now();
  const states: readonly (readonly [Connection, Partial<Finding>])[] = [
    [
      { state: "connected", at: now },
      { status: "ok", found: "2 of 2 connected" },
    ],
    [
      { state: "connected", at: t0 },
      { status: "warn", found: expect.stringContaining("the last sign of life") },
    ],
    [
      { state: "unpaired", at: now },
      { status: "warn", found: "no phone is linked" },
    ],
    [
      { state: "connecting", at: t0 },
      { status: "warn", found: expect.stringContaining("connecting for") },
    ],
    [
      { state: "disconnected", at: t0, reason: "stopped" },
      { status: "fail", found: expect.stringContaining("(stopped)") },
    ],
    [{ state: "replaced", at: t0, reason: "replaced" }, { status: "fail" }],
    [
      { state: "logged_out", at: t0, reason: "device_removed" },
      { status: "fail", help: expect.stringContaining("pair") },
    ],
    [{ state: "banned", at: t0 }, { status: "fail" }],
  ];
  test.each(states)("an instance that is $state at $at", async (connection, says) => {
    server.http.control.connection = connection;
    const { of } = await reported();
    server.http.control.connection = { state: "unpaired", at: t0 };
    expect(of("connections")).toContainEqual(expect.objectContaining(says));
  });

  test("an open breaker fails, dead letters and a line that stands are told, each with its instance", async () => {
    const { http } = server;
    await setHook(http, "https://customer.example/hook?secret=of-the-customer");
    await persist(http, "dead");
    await buryAll(http);
    await persist(http, "waits");
    await tripBreaker(http);
    await http.store.queue.enqueue({
      message: {
        zaapId: newZaapId(),
        messageId: newMessageId(),
        instanceId: known.instanceId,
        outgoing: { to: "5511988887777@s.whatsapp.net", content: { kind: "text", text: "later" }, options: {} },
        typingMs: 0,
        dueAt: t0,
        createdAt: t0,
      },
      now: t0,
    });
    const about = { about: "main" };
    const offline = await reported();
    expect(offline.of("webhooks")).toMatchObject([
      {
        ...about,
        status: "fail",
        found: expect.stringMatching(/^customer\.example has been down for .* 1 webhooks wait$/),
      },
    ]);
    expect(offline.of("deadLetters")).toMatchObject([{ ...about, status: "warn" }]);
    expect(offline.of("queue")).toMatchObject([
      { ...about, status: "warn", found: expect.stringContaining("until it is") },
    ]);
    expect(offline.text).not.toContain("of-the-customer");
    http.control.connection = { state: "connected", at: Date.now() };
    expect((await reported()).of("queue")).toMatchObject([
      { ...about, status: "warn", found: expect.stringContaining("the first was handed in") },
    ]);
    http.control.connection = { state: "unpaired", at: t0 };
  });

  test("links to a bucket on this machine, and a receiver on another", async () => {
    await setHook(server.http, "https://customer.example/hook");
    const { of } = await reported(bucketEnv("http://127.0.0.1:1"));
    expect(of("mediaLinks")).toMatchObject([
      {
        status: "warn",
        found: expect.stringContaining("customer.example"),
        help: expect.stringContaining("S3_ENDPOINT"),
      },
    ]);
  });
});

const receivers: readonly (readonly [url: string, env: Readonly<Record<string, string>>, status: Finding["status"]])[] =
  [
    ["https://customer.example/hook", {}, "warn"],
    ["https://customer.example/hook", { PUBLIC_URL: "https://wa.example" }, "ok"],
    ["http://127.0.0.1:9000/hook", {}, "ok"],
    ["http://[::1]:9000/hook", {}, "ok"],
  ];
test.each(
  receivers.flatMap(([url, env, status]) =>
    (["slot", "further hook"] as const).map((where) => ({ url, env, status, where })),
  ),
)("media links for $url in a $where with $env", async ({ url, env, status, where }) => {
  const instances: SeenInstances = {
    kind: "seen",
    total: 1,
    instances: [
      {
        instance: { id: "I", token: "T", name: "main", created: "", phoneConnected: true, paymentStatus: "" },
        connection: { state: "connected", at: 0, history: [] },
        webhooks:
          where === "slot"
            ? { hooks: { received: url }, further: [], lanes: [] }
            : { hooks: {}, further: [{ url }], lanes: [] },
        dead: 0,
        queued: 0,
      },
    ],
  };
  const settings = loadConfig({ flags: {}, env, cwd: import.meta.dirname });
  const patient = { settings, server: async () => ({ kind: "none" as const }), instances: async () => instances };
  expect(await mediaLinks.look(patient)).toMatchObject([{ status }]);
});

async function tripBreaker({ store }: TestServer["http"]): Promise<void> {
  const [lane] = await store.deliveries.claimLanes({ owner: "test", limit: 10, leaseMs: 1000, now: t0 });
  if (lane === undefined) throw new Error("no lane to claim");
  const breaker = { state: "open", failures: 3, probeAt: t0 + 60_000, openedAt: t0 } as const;
  await store.deliveries.settle({ lane, settlements: [], breaker, now: t0 });
  await store.deliveries.releaseLane({ lane, now: t0 });
}
