import { afterAll, beforeAll, expect, test } from "vitest";

import type { Trace } from "#sandbox/observed.ts";

import { run, start, temporaryDirectory } from "../cli/support.ts";
import type { Ran } from "../cli/support.ts";
import { dishonestyOf } from "../support/honesty.ts";
import { startNode, until } from "../support/processes.ts";
import type { TestProcess } from "../support/processes.ts";

/** What a new user does with three terminals: each test goes on where the one before it ended. */
const contact = "5511988887777";
const own = "5511999990000";

const parts = new AsyncDisposableStack();
let data = "";
let sandboxUrl = "";
let server: TestProcess;

/** Runs a command in this process against the server on the data directory. */
async function wazapi(...argv: readonly string[]): Promise<Ran> {
  return run([...argv, "--data", data]);
}

/** The same, and the JSON document it prints. */
async function json(...argv: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await wazapi(...argv, "--json");
  expect([argv, code, stderr]).toEqual([argv, 0, expect.anything()]);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  data = parts.use(await temporaryDirectory()).path;
  const sandbox = parts.use(startNode(["bin/wazapi.js", "sandbox", "serve"]));
  await until(() => sandbox.output().includes("\n"), { what: "the sandbox listens", withinMs: 30_000 });
  sandboxUrl = sandbox.output().split("\n", 1)[0] ?? "";
  server = parts.use(
    startNode(["bin/wazapi.js", "serve", `--sandbox=${sandboxUrl}`, "--port", "0", "--data", data, "--json"]),
  );
  await until(() => server.output().includes('"role":"leader"'), { what: "the server listens", withinMs: 30_000 });
}, 60_000);
afterAll(() => parts.disposeAsync());

test("status: an empty server is ready", async () => {
  expect(await json("status")).toMatchObject({ running: true, ready: true, role: "leader", instances: [] });
});

test("pair: creates the instance, shows the QR, and ends when the phone has scanned", async () => {
  const pairing = start(["pair", "--data", data, "--json"]);
  await until(() => pairing.stdout().includes('{"qr":'), { what: "a QR is shown", withinMs: 15_000 });
  expect(await json("sandbox", "scan", "--name", "Ana")).toMatchObject({ number: own, device: 1 });
  const { code, stdout, stderr } = await pairing.ran;
  expect([code, stderr]).toEqual([0, expect.stringContaining("created the instance main")]);
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ state: "connected", phone: own });
});

test("pair: a linked instance is linked already", async () => {
  expect(await wazapi("pair")).toMatchObject({ code: 0, stdout: `connected as ${own}\n` });
});

test("send --wait: delivered, then traced and in the inbox exactly once", async () => {
  const { messageId } = (await json("send", contact, "Hello", "--wait", "delivered")) as { messageId: string };
  expect(await json("message", "trace", messageId)).toMatchObject({ phone: contact, status: "delivered" });
  expect(await json("sandbox", "inbox", contact)).toMatchObject([{ messageId, text: "Hello", from: own, copies: 1 }]);
});

test("sandbox: a contact reads, writes and calls, and the events tell", async () => {
  await json("sandbox", "behave", "--read", "on");
  expect(await json("send", contact, "Read me", "--wait", "read")).toMatchObject({ status: "read" });
  const tail = start([
    "events",
    "tail",
    "--type",
    "ReceivedCallback",
    "--after",
    "0",
    "-n",
    "3",
    "--data",
    data,
    "--json",
  ]);
  const { messageIds } = (await json("sandbox", "send", contact, "Hello back")) as { messageIds: string[] };
  const { code, stdout } = await tail.ran;
  const tailed = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { messageId: string; payload: unknown });
  expect([code, tailed.at(-1)]).toMatchObject([
    0,
    { messageId: messageIds[0], payload: { text: { message: "Hello back" } } },
  ]);
  expect(await json("sandbox", "state")).toMatchObject({ devices: [{ number: own, online: true }] });
});

test("sandbox fault: a message without ack is sent again and arrives once", async () => {
  expect(await json("sandbox", "fault", "tcp-drop")).toEqual([]);
  expect(await json("send", contact, "After the drop", "--wait", "sent")).toMatchObject({ status: expect.any(String) });
  expect(await json("sandbox", "fault")).toEqual([]);
});

test("another server on the same data is refused when it may not stand by", async () => {
  await using second = startNode(["bin/wazapi.js", "serve", "--port", "0", "--data", data], {
    WAZAPI_STANDBY: "false",
  });
  expect([await second.exited, second.output()]).toEqual([5, expect.stringContaining("another wazapi works in")]);
});

test("SIGTERM: the server stops in order", async () => {
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(await wazapi("queue", "list")).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("no server runs on"),
  });
});

test(
  "without a server: send and status open it themselves, and the pairing lives on",
  { timeout: 60_000 },
  async () => {
    const alone = async (...argv: readonly string[]): Promise<readonly [number | string, string]> => {
      await using child = startNode(["bin/wazapi.js", ...argv, "--data", data, "--json"], {
        WAZAPI_SANDBOX_URL: sandboxUrl,
      });
      return [await child.exited, child.output()];
    };
    const [sent, output] = await alone("send", contact, "All by myself", "--wait", "delivered");
    expect([sent, output]).toEqual([0, expect.stringMatching(/"status": "(?:delivered|read)"/)]);
    const [code, status] = await alone("status");
    expect([code, status]).toEqual([0, expect.stringMatching(/"running": false[\s\S]*"state": "connected"/)]);
  },
);

test("all of it was honest on the wire", async () => {
  const trace = (await (await fetch(`${sandboxUrl}/sandbox/trace`)).json()) as Trace;
  expect(trace.stanzas.length).toBeGreaterThan(0);
  expect(dishonestyOf(trace, { refusals: true })).toEqual([]);
});
