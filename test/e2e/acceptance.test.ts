import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { openRig } from "../support/rig.ts";
import type { Rig } from "../support/rig.ts";

/** What an operator relies on, with real processes: each test goes on where the one before it ended. */
const contact = "5511988887777";

const parts = new AsyncDisposableStack();
let rig: Rig;
beforeAll(async () => {
  rig = parts.use(await openRig({ env: { LOG_LEVEL: "info" } }));
}, 60_000);
afterAll(() => parts.disposeAsync());

interface Asked {
  readonly method?: string;
  readonly path: (here: Rig) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const secret = "words-nobody-may-log";
const json = { "content-type": "application/json" };
const text = (body: unknown): Pick<Asked, "method" | "path" | "headers" | "body"> => ({
  method: "POST",
  path: (here) => here.instancePath("/send-text"),
  headers: json,
  body: JSON.stringify(body),
});

const refused: readonly (readonly [name: string, asked: Asked, status: number, answer: unknown])[] = [
  [
    "an unknown instance",
    { path: ({ instance }) => `/instances/${"F".repeat(32)}/token/${instance.token}/status` },
    404,
    { code: "instance_not_found" },
  ],
  [
    "a wrong token in the path",
    { path: ({ instance }) => `/instances/${instance.id}/token/${secret}/status` },
    401,
    { code: "unauthorized" },
  ],
  [
    "a wrong Client-Token",
    { path: (here) => here.instancePath("/status"), headers: { "client-token": secret } },
    401,
    { code: "unauthorized" },
  ],
  [
    "a wrong partner token",
    { path: () => "/instances", headers: { authorization: `Bearer ${secret}` } },
    401,
    { code: "unauthorized" },
  ],
  ["malformed JSON", { ...text(0), body: `{"phone":"${contact}","message":"${secret}` }, 400, { code: "invalid_json" }],
  ["a wrong verb", { path: (here) => here.instancePath("/send-text") }, 405, { code: "method_not_allowed" }],
  [
    "a wrong content type",
    { ...text({ phone: contact, message: secret }), headers: { "content-type": "text/plain" } },
    415,
    { code: "unsupported_media_type" },
  ],
  [
    "a field of a wrong type",
    text({ phone: contact, message: [secret] }),
    400,
    { field: "message", error: "message: expected string, received array" },
  ],
  [
    "a number that is none",
    text({ phone: contact, message: secret, delayMessage: secret }),
    400,
    { field: "delayMessage", error: "delayMessage: expected a number of seconds" },
  ],
  ["a missing field", text({ message: secret }), 400, { field: "phone", error: "phone: is required" }],
  ["no phone number", text({ phone: secret, message: secret }), 400, { field: "phone", code: "invalid_phone" }],
  [
    "an address nothing listens to",
    { ...text({}), path: (here) => here.instancePath(`/${secret}`) },
    404,
    { code: "not_found" },
  ],
];

test("bad input: named in the answer, and nothing of it in the log", async () => {
  const answers: unknown[] = [];
  for (const [name, { method = "GET", path, headers, body }] of refused) {
    const response = await fetch(`${rig.serverUrl}${path(rig)}`, {
      method,
      headers: { ...rig.headers, ...headers },
      ...(body !== undefined && { body }),
    });
    answers.push([name, response.status, await response.json()]);
  }
  expect(answers).toEqual(refused.map(([name, , status, answer]) => [name, status, expect.objectContaining(answer)]));
  const log = rig.server().output();
  expect(log).toContain("request answered");
  for (const word of [secret, contact, rig.instance.token, ...Object.values(rig.headers)])
    expect(log).not.toContain(word);
});

test("kill -9: back without a QR, what was not sent leaves, what was not acknowledged arrives", async () => {
  for (const message of ["unsent 1", "unsent 2"]) {
    const answer = await rig.api("POST", rig.instancePath("/send-text"), { phone: contact, message, delayMessage: 1 });
    expect(answer.status).toBe(200);
  }
  rig.server().kill("SIGKILL");
  expect(await rig.server().exited).toBe("SIGKILL");
  const { messageIds } = (await rig.sandbox("POST", `/contacts/${contact}/send`, {
    to: rig.own,
    text: "meanwhile {n}",
    count: 3,
  })) as { messageIds: string[] };

  await rig.start();
  await rig.connected();
  const received = async () => (await rig.hits()).filter((hit) => hit.type === "ReceivedCallback" && !hit.fromMe);
  await until(async () => (await received()).length >= 3, { what: "the webhooks", withinMs: 20_000 });
  expect((await received()).flatMap((hit) => hit.messageIds)).toEqual(messageIds);
  await until(async () => (await rig.inbox(contact)).length >= 2, { what: "the texts", withinMs: 20_000 });
  expect(await rig.inbox(contact)).toMatchObject([
    { text: "unsent 1", copies: 1 },
    { text: "unsent 2", copies: 1 },
  ]);
});

test("a replacement: nobody who calls is refused, and every text arrives once, in order", async () => {
  const other = "5511977776666";
  const former = rig.server();
  const next = rig.spawn();
  await rig.waits(next);

  const outcomes: string[] = [];
  const latest = performance.now() + 30_000;
  let sent = 0;
  let asked = false;
  while (former.isRunning() || outcomes.at(-1) !== "200" || outcomes.slice(-20).includes("503")) {
    const outcome = await post(rig.instancePath("/send-text"), {
      key: `text-${sent}`,
      body: { phone: other, message: `text ${sent}` },
    });
    outcomes.push(outcome);
    if (outcome === "200") sent += 1;
    if (sent >= 10 && !asked) asked = former.kill("SIGTERM") === undefined;
    if (performance.now() > latest) throw new Error(`no end: ${outcomes.slice(-20).join(" ")}`);
  }
  expect(await former.exited).toBe(0);
  // A connection that the former had not taken yet when it closed is reset; the same key makes trying again safe.
  expect(
    outcomes.filter((outcome) => !["200", "503"].includes(outcome)).filter((code) => code !== "ECONNRESET"),
  ).toEqual([]);
  const expected = Array.from({ length: sent }, (_, n) => ({ text: `text ${n}`, copies: 1 }));
  await until(async () => (await rig.inbox(other)).length >= sent, { what: "every text", withinMs: 30_000 });
  expect(await rig.inbox(other)).toMatchObject(expected);
});

/** Posts over a connection of its own; answers the status, or the code of what went wrong with the connection. */
async function post(path: string, { key, body }: { readonly key: string; readonly body: unknown }): Promise<string> {
  return new Promise((resolve) => {
    const headers = { ...rig.headers, ...json, "idempotency-key": key };
    const sending = request(`${rig.serverUrl}${path}`, { method: "POST", agent: false, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(String(response.statusCode)));
      response.on("error", (error) => resolve(String(Object(error).code)));
    });
    sending.on("error", (error) => resolve(String(Object(error).code)));
    sending.end(JSON.stringify(body));
  });
}
