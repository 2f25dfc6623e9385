import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { commonHookSlots } from "#domain/instance.ts";

import { buryAll, known, persist, setHook } from "../http/support.ts";
import { openServer } from "./support.ts";
import type { TestServer } from "./support.ts";

const main = ["--instance", "main"];

async function withServer(work: (server: TestServer) => Promise<void>): Promise<void> {
  await using server = await openServer();
  await work(server);
}

/** One call of the program and what must come of it. */
interface Row {
  readonly argv: readonly string[];
  readonly code?: number;
  /** Matched against the JSON document on standard output. */
  readonly answers?: unknown;
  /** Exact standard output. */
  readonly prints?: string;
  /** Part of standard error. */
  readonly says?: string;
}

describe("one server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const rows: readonly Row[] = [
    {
      argv: ["status", "--json"],
      answers: { running: true, ready: true, role: "leader", instances: [{ name: "main", state: "unpaired" }, {}] },
    },
    { argv: ["instance", "list", "--json"], answers: [{ name: "main" }, { name: "other", state: "unpaired" }] },
    {
      argv: ["instance", "show", "main", "--json"],
      answers: { id: known.instanceId, connection: { state: "unpaired" } },
    },
    { argv: ["instance", "show", ...main, "--json"], answers: { name: "main" } },
    { argv: ["instance", "show", known.otherId, "--json"], answers: { name: "other" } },
    { argv: ["instance", "show"], code: 2, says: "say which with --instance: main, other" },
    { argv: ["instance", "show", "nobody"], code: 3, says: "there is no instance nobody (see `wazapi instance list`)" },
    { argv: ["instance", "restart", "main"], prints: `${known.instanceId}\n`, says: "main connects anew" },
    { argv: ["instance", "disconnect", "main"], prints: `${known.instanceId}\n`, says: "main is logged out" },
    { argv: ["webhook", "show", ...main], prints: "", says: "no URL is set" },
    { argv: ["webhook", "test", ...main], code: 5, says: "no URL is set (set one with `wazapi webhook set URL`)" },
    { argv: ["webhook", "set", "nonsense", ...main], code: 2, says: "value: expected an http or https URL" },
    { argv: ["webhook", "set", "http://10.0.0.1/", ...main], code: 2, says: "may not be called from here" },
    { argv: ["webhook", "add", "nonsense", ...main], code: 2, says: "further.0.url: expected an http or https URL" },
    { argv: ["webhook", "add", "http://10.0.0.1/", ...main], code: 2, says: "may not be called from here" },
    { argv: ["webhook", "remove", "http://nobody.example/", ...main], code: 3, says: "no such URL was added (see" },
    { argv: ["queue", "list", ...main, "--json"], answers: [] },
    { argv: ["queue", "list", ...main], prints: "", says: "nothing waits" },
    { argv: ["queue", "cancel", "NONE", ...main], code: 3, says: "no such message waits" },
    { argv: ["queue", "retry", "NONE", ...main], code: 3, says: "message not found" },
    { argv: ["queue", "purge", ...main], prints: "0\n" },
    { argv: ["events", "list", ...main], prints: "", says: "no events" },
    { argv: ["events", "show", "evt_none", ...main], code: 3, says: "event not found (see `wazapi events list`)" },
    { argv: ["events", "replay", ...main], code: 2, says: "say which events" },
    { argv: ["events", "replay", "--type", "ReceivedCallback", ...main], prints: "0\n" },
    { argv: ["events", "replay", "evt_nobody", ...main], code: 3, says: "no such event" },
    { argv: ["dead", "list", ...main], prints: "", says: "no dead letters" },
    { argv: ["dead", "retry", "--all", ...main], prints: "0\n" },
    { argv: ["dead", "discard", "evt_none", ...main], code: 3, says: "DLQ event not found" },
    { argv: ["message", "trace", "3EB0NONE", ...main], code: 3, says: "message not found" },
    { argv: ["send", "nobody", "hi", ...main], code: 2, says: "this is no phone number" },
    { argv: ["sandbox", "state"], code: 3, says: "has no sandbox (start it with `wazapi serve --sandbox`)" },
  ];

  test.each(rows)("$argv", async ({ argv, code = 0, answers, prints, says }) => {
    const ran = await server.run(argv);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(says ?? "")]);
    if (answers !== undefined) expect(JSON.parse(ran.stdout)).toMatchObject(answers as object);
    if (prints !== undefined) expect(ran.stdout).toBe(prints);
    if (code !== 0)
      expect([ran.stdout, ran.stderr.trim().split("\n")]).toEqual(["", [expect.stringMatching(/^wazapi: /)]]);
    expect(ran.stdout + ran.stderr).not.toContain(known.instanceToken);
  });

  test("tokens: wrong ones are exit code 4 with the next step", async () => {
    const { code, stderr } = await server.run(["status"], {
      env: { PARTNER_AUTH_TOKEN: "wrong-token-of-the-partner" },
    });
    expect([code, stderr]).toEqual([4, expect.stringContaining("set CLIENT_AUTH_TOKEN and PARTNER_AUTH_TOKEN")]);
    expect(stderr).not.toContain("wrong-token");
  });

  test("instance show: secrets are shown only when they are asked for", async () => {
    const [plain, open, read] = await Promise.all([
      server.run(["instance", "show", "main", "--json"]),
      server.run(["instance", "show", "main", "--json", "--tokens"]),
      server.run(["instance", "show", "main", "--tokens"]),
    ]);
    // As it is copied to a receiver: nothing around it.
    expect(read.stdout).toContain(`\nwebhookSecrets\t${known.webhookSecret}\n`);
    expect(plain.stdout).not.toContain(known.webhookSecret);
    expect(JSON.parse(open.stdout)).toMatchObject({
      token: known.instanceToken,
      webhookSecrets: [known.webhookSecret],
    });
  });
});

test("instance: create and delete", () =>
  withServer(async ({ run }) => {
    const created = await run(["instance", "create", "shop", "--webhook", "https://shop.example/hook"]);
    expect(created.code).toBe(0);
    const id = created.stdout.trim();
    const shown = await run(["webhook", "show", "--instance", id, "--json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      hooks: { received: "https://shop.example/hook", connected: "https://shop.example/hook" },
      notifySentByMe: false,
    });
    expect(await run(["instance", "delete", "shop"])).toMatchObject({ code: 0, stdout: `${id}\n` });
    expect(await run(["instance", "show", id])).toMatchObject({ code: 3 });
  }));

test("webhook set: one slot, all slots, own messages, none", () =>
  withServer(async ({ run }) => {
    const set = async (...argv: string[]): Promise<unknown> =>
      JSON.parse((await run(["webhook", "set", ...argv, ...main, "--json"])).stdout);
    const [one, all] = ["https://one.example/", "https://all.example/"];
    expect(await set(one, "--slot", "received", "--slot", "connected")).toMatchObject({
      hooks: { received: one, connected: one },
    });
    expect(await set(all, "--sent-by-me")).toMatchObject({
      hooks: { received: all, historySync: all },
      notifySentByMe: true,
    });
    expect(await set("--no-sent-by-me")).toMatchObject({ hooks: { received: all }, notifySentByMe: false });
    expect(await set("--none", "--slot", "received")).toMatchObject({ hooks: { connected: all } });
    expect(await set("--none")).toMatchObject({ hooks: {} });
  }));

test("webhook test: shoots once at each URL and fails when one refuses", () =>
  withServer(async ({ run, http }) => {
    await setHook(http, "https://customer.example/hook");
    const { code, stdout } = await run(["webhook", "test", ...main, "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, [{ slots: ["received"], delivered: true, status: 204 }]]);
    await run(["webhook", "set", "https://customer.example/hook", ...main]);
    expect((await run(["webhook", "test", ...main])).stdout).toMatch(/^all\b/m);
    expect((await run(["webhook", "test", "connected", ...main])).code).toBe(0);
    const shots = ["received", "delivery", "connected"].map((slot) => [
      "webhookTest",
      slot,
      "https://customer.example/hook",
    ]);
    expect(http.calls.filter((call) => Array.isArray(call) && call[0] === "webhookTest")).toEqual(shots);
  }));

test("webhook add, remove: URLs beside those of the slots, shown and tested with them", () =>
  withServer(async ({ run, http }) => {
    const [slots, one, two] = ["https://slots.example/", "https://one.example/", "https://two.example/"];
    const change = async (...argv: string[]): Promise<unknown> =>
      JSON.parse((await run(["webhook", ...argv, ...main, "--json"])).stdout);
    await setHook(http, slots);
    const added = { url: one, slots: ["received", "connected"] };
    const all = { url: two, slots: [...commonHookSlots] };
    expect(await change("add", one, "--slot", "received", "--slot", "connected")).toEqual({ further: [added] });
    expect(await change("add", two)).toEqual({ further: [added, all] });
    expect(await change("show")).toMatchObject({ hooks: { received: slots }, further: [added, all] });
    const shown = (await run(["webhook", "show", ...main])).stdout.trimEnd().split("\n");
    expect(shown.map((line) => line.split("\t").slice(0, 2))).toEqual([
      ["received", slots],
      ["added: received, connected", one],
      ["added: all", two],
    ]);
    expect(await change("test")).toMatchObject([{ url: slots }, { url: one, slots: added.slots }, { url: two }]);
    expect(await change("test", "connected")).toMatchObject([{ url: one }, { url: two }]);
    expect(await change("add", one, "--slot", "delivery")).toEqual({
      further: [{ url: one, slots: ["delivery"] }, all],
    });
    expect(await change("remove", two)).toEqual({ further: [{ url: one, slots: ["delivery"] }] });
    // The slot's own URL is not among those that were added, and one URL is shot at once.
    expect(await run(["webhook", "remove", slots, ...main])).toMatchObject({ code: 3 });
    await change("add", slots);
    expect(await change("test", "received")).toMatchObject([{ url: slots, slots: ["received"] }]);
  }));

test("send: text from the argument and from standard input, reply, delay, one key", () =>
  withServer(async ({ run }) => {
    const to = "+55 (11) 99999-9999";
    const sent = await run(["send", to, "hello", ...main, "--delay", "2.5", "--json"]);
    expect([sent.code, JSON.parse(sent.stdout)]).toMatchObject([0, { status: "queued" }]);
    const piped = await run(["send", to, "-", ...main, "--reply-to", "3EB0OLD"], { stdin: "two\nlines\n" });
    expect(piped.stdout).toMatch(/^3EB0\w+\n$/);
    const once = ["send", to, "once", ...main, "--idempotency-key", "k1", "--json"];
    expect((await run(once)).stdout).toBe((await run(once)).stdout);
    const { stdout } = await run(["queue", "list", ...main, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ Phone: "5511999999999" }, { MessageId: piped.stdout.trim() }, {}]);
    const [first] = JSON.parse(stdout) as { ZaapId: string; DelayMessage: number; Message: string }[];
    expect(first).toMatchObject({ DelayMessage: 2.5, Message: "hello" });
    expect(await run(["queue", "cancel", first!.ZaapId, ...main])).toMatchObject({ code: 0 });
    expect(await run(["queue", "retry", first!.ZaapId, ...main])).toMatchObject({ code: 5 });
    expect(await run(["queue", "purge", ...main])).toMatchObject({ code: 0, stdout: "2\n" });
    expect((await run(["send", to, "-", ...main], { stdin: "" })).code).toBe(2);
  }));

test("queue list: goes over the pages of the route up to its limit", () =>
  withServer(async ({ run }) => {
    for (let n = 1; n <= 33; n += 1) await run(["send", "5511999999999", `m${n}`, ...main]);
    const listed = async (limit: string): Promise<number> =>
      (JSON.parse((await run(["queue", "list", ...main, "--json", "-n", limit])).stdout) as unknown[]).length;
    expect([await listed("5"), await listed("32"), await listed("500")]).toEqual([5, 32, 33]);
  }));

test("queue list: says why all wait while the number is not connected", () =>
  withServer(async ({ run, http }) => {
    await run(["send", "5511999999999", "hi", ...main]);
    http.control.connection = { state: "connected", at: 0, phone: "5511999990000" };
    expect((await run(["queue", "list", ...main])).stderr).toBe("");
    const refusal = { kind: "restricted", code: 402, cause: "strangers", until: Date.UTC(2026, 11, 24) } as const;
    http.control.connection = { state: "restricted", reason: "restricted", refusal, at: 0, phone: "5511999990000" };
    const listed = await run(["queue", "list", ...main]);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining("5511999999999") });
    expect(listed.stderr).toMatch(
      /^all wait until \S+ is connected: WhatsApp restricts this account until 2026-12-24T/,
    );
    const { stdout, stderr } = await run(["queue", "list", ...main, "--json"]);
    expect(JSON.parse(stdout)).toHaveLength(1);
    expect(stderr).toContain("all wait");
  }));

test("send --wait: gives up in time, and says which message goes on", () =>
  withServer(async ({ run }) => {
    const send = ["send", "5511999999999", "hi", ...main, "--wait", "sent", "--timeout", "0.2"];
    expect(await run(send)).toMatchObject({
      code: 6,
      stdout: expect.stringMatching(/^3EB0\w+\n$/),
      stderr: expect.stringMatching(/queued, not sent yet \(it waits in the queue/),
    });
    const { code, stdout } = await run([...send, "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([
      6,
      { zaapId: expect.any(String), messageId: expect.any(String), status: "queued" },
    ]);
  }));

test("send --wait: when it gives up on what has left, it does not say that it waits in the queue", () =>
  withServer(async ({ run, http }) => {
    const { instanceId } = known;
    const send = ["send", "5511999999999", "hi", ...main, "--idempotency-key", "k", "--json"];
    await run(send);
    const now = Date.now();
    const claim = await http.store.queue.claim({ instanceId, owner: "test", leaseMs: 60_000, now });
    await http.store.queue.settle({ claim: claim!, outcome: "sent", events: [], now });
    const { code, stdout, stderr } = await run([...send, "--wait", "read", "--timeout", "0.2"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([6, { messageId: claim!.messageId, status: "sent" }]);
    expect(stderr).toContain("sent, not read yet (WhatsApp has it, the recipient does not;");
  }));

test("send --wait: a canceled message ends the wait", () =>
  withServer(async ({ run, start, http }) => {
    const sending = start(["send", "5511999999999", "hi", ...main, "--wait", "read"]);
    await expect.poll(() => http.store.queue.count({ instanceId: known.instanceId, states: ["queued"] })).toBe(1);
    await run(["queue", "purge", ...main]);
    expect(await sending.ran).toMatchObject({ code: 5, stderr: expect.stringContaining("was canceled") });
  }));

test("send --wait: Ctrl+C ends the wait at once", () =>
  withServer(async ({ start, http }) => {
    const sending = start(["send", "5511999999999", "hi", ...main, "--wait", "read"]);
    await expect.poll(() => http.store.queue.count({ instanceId: known.instanceId, states: ["queued"] })).toBe(1);
    sending.signal("SIGINT");
    const { code, stderr } = await sending.ran;
    expect([code, stderr.trim().split("\n")]).toEqual([130, [expect.stringMatching(/^wazapi: /)]]);
  }));

test("events and dead: list, show, retry, discard", () =>
  withServer(async ({ run, http }) => {
    await setHook(http);
    const [first, second] = [await persist(http, "one"), await persist(http, "two")];
    const listed = await run(["events", "list", ...main]);
    expect(listed.stdout.split("\n").map((line) => line.split("\t")[3])).toEqual([second, first, undefined]);
    await buryAll(http);
    const shown = await run(["events", "show", first, ...main, "--json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      eventId: first,
      deliveries: [{ state: "dead", tries: [{ status: 500 }] }],
    });
    expect((await run(["events", "show", first, ...main])).stdout).toContain("\t500\t");
    const dead = JSON.parse((await run(["dead", "list", ...main, "--json"])).stdout) as { event_id: string }[];
    expect(dead.map((one) => one.event_id).sort()).toEqual([first, second].sort());
    expect(await run(["dead", "retry", first, ...main])).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await run(["dead", "discard", second, ...main])).toMatchObject({ code: 0, stdout: "1\n" });
    expect((await run(["dead", "list", ...main])).stdout).toBe("");
    expect((await run(["dead", "list", "--discarded", ...main])).stdout).toContain(second);
    expect(await run(["events", "replay", first, ...main])).toMatchObject({ code: 0, stdout: "1\n" });
  }));

test("events tail: follows, and ends after --limit or with Ctrl+C as no failure", () =>
  withServer(async ({ run, start, http }) => {
    const first = await persist(http, "one");
    const kept = await run(["events", "tail", "--after", "0", "-n", "1", "--json"]);
    expect([kept.code, JSON.parse(kept.stdout)]).toMatchObject([
      0,
      { eventId: first, payload: { type: "ReceivedCallback" } },
    ]);
    await http.news.nobodyWaits();
    const tail = start(["events", "tail", ...main]);
    await http.news.someoneWaits();
    const second = await persist(http, "two");
    http.news.ring();
    await expect.poll(tail.stdout).toContain(second);
    tail.signal("SIGINT");
    expect(await tail.ran).toMatchObject({ code: 0 });
  }));

test("signals: a second one leaves at once", () =>
  withServer(async ({ start, http }) => {
    const tail = start(["events", "tail"]);
    await http.news.someoneWaits();
    tail.signal("SIGTERM");
    // The same one within a moment is the echo of a launcher above, and does not count.
    expect(() => tail.signal("SIGTERM")).not.toThrow();
    expect(() => tail.signal("SIGINT")).toThrow("left at once with 130");
    expect(await tail.ran).toMatchObject({ code: 0 });
  }));

test("events tail: a pipe that nobody reads any more ends it quietly", () =>
  withServer(async ({ start, http }) => {
    const tail = start(["events", "tail"]);
    await http.news.someoneWaits();
    tail.breakPipe();
    expect(await tail.ran).toEqual({ code: 0, stdout: "", stderr: "" });
  }));

test("status: a server that cannot work is exit code 6, a standby tells its role", () =>
  withServer(async ({ run, http }) => {
    http.control.unhealthy = true;
    expect(await run(["status"])).toMatchObject({
      code: 6,
      stdout: expect.stringContaining("database\tunhealthy: disk full"),
    });
    http.control.unhealthy = false;
    http.control.role = "standby";
    http.control.availability = "standby";
    const { code, stdout } = await run(["status", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([6, { ready: false, role: "standby", instances: [] }]);
  }));

test("terminals get tables with headings, pipes tab-separated fields", () =>
  withServer(async ({ run }) => {
    const piped = await run(["instance", "list"]);
    expect(piped.stdout.split("\n")[0]?.split("\t").slice(0, 3)).toEqual([known.instanceId, "main", "unpaired"]);
    const drawn = await run(["instance", "list"], { terminal: { columns: 120, rows: 40 } });
    expect(drawn.stdout).toMatch(/^ID {30} {2}NAME {3}STATE/);
    expect(drawn.stdout).not.toContain("\u001B");
  }));

test("output: what strangers wrote cannot drive the terminal", () =>
  withServer(async ({ run, http }) => {
    await http.store.instances.update({ instanceId: known.otherId, name: "bell\u0007\u001B]0;title\nrow", now: 1 });
    const { stdout } = await run(["instance", "list"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u0007\u001B]/);
  }));

test("no server: exit code 6 and how to start one; nothing is left behind", async () => {
  await using server = await openServer();
  const { env } = server;
  const gone = await server.run(["status"], { env: { ...env, WAZAPI_URL: "http://127.0.0.1:9" } });
  expect(gone).toMatchObject({ code: 6, stderr: expect.stringContaining("no server answers at http://127.0.0.1:9") });
  for (const argv of [["queue", "list"], ["send", "5511999999999", "hi"], ["status"], ["sandbox", "scan"]]) {
    const none = await server.run(argv, { env: { WAZAPI_URL: "", WAZAPI_DATA_DIR: "nothing-here" } });
    expect(none).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/no server runs on .*nothing-here \(start one/),
    });
  }
});
