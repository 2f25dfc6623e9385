import { createServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAddressGuard } from "#lib/guard.ts";
import { silentLog } from "#lib/log.ts";
import { createDeliver } from "#pipeline/deliver/deliver.ts";
import { failureWord } from "#pipeline/deliver/failure.ts";
import type { MediaLinks } from "#pipeline/deliver/media-links.ts";
import { retryAfterMs } from "#pipeline/deliver/retry-after.ts";
import { signWebhook } from "#callbacks/sign.ts";
import { deliverTest } from "#pipeline/deliver/test-delivery.ts";
import { defaultPostOptions } from "#pipeline/pipeline.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { instanceOf, secret, textOf } from "./rig.ts";

let receiver: Receiver;
const { clock } = createFakeTime();
const none: MediaLinks = { links: async () => new Map() };

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const open = (given: { allowLoopback?: boolean; media?: MediaLinks; timeoutMs?: number } = {}) =>
  createDeliver(
    {
      clock,
      log: silentLog,
      guard: createAddressGuard({ allowLoopback: given.allowLoopback ?? true, allowPrivate: false }),
      links: { media: given.media ?? none, newPhoto: async () => undefined },
    },
    { ...defaultPostOptions, timeoutMs: given.timeoutMs ?? 1_000 },
  );

const instance = instanceOf("A".repeat(32), {});
const never = new AbortController().signal;

test("deliverTest: sends one signed callback that is no event", async () => {
  await using stage = open();
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url: receiver.url }, never);
  expect(outcome).toMatchObject({ kind: "delivered", attempt: { status: 200 } });
  expect(JSON.parse(receiver.requests[0]!.body)).toMatchObject({ type: "ConnectedCallback", phone: "5511900000001" });
  expect(receiver.requests[0]!.headers["webhook-id"]).toMatch(/^test_/);
});

test.each([
  ["a forbidden address", "http://169.254.169.254/latest", "forbidden_address"],
  ["a forbidden address by name", "http://localhost:1/", "forbidden_address"],
  ["a forbidden IPv6 address", "http://[::ffff:10.0.0.1]/", "forbidden_address"],
  ["a name without an address", "http://no-such-host.invalid/", "dns"],
])("deliver: %s is named", async (_, url, error) => {
  await using stage = open({ allowLoopback: false });
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url }, never);
  expect(outcome).toMatchObject({ kind: "unreachable", attempt: { error } });
});

test("deliver: an endpoint that speaks no TLS is a tls failure", async () => {
  await using stage = open();
  const url = receiver.url.replace("http:", "https:");
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url }, never);
  expect(outcome).toMatchObject({ kind: "unreachable", attempt: { error: "tls" } });
});

test("deliver: a port nobody listens on is refused", async () => {
  await using stage = open();
  await receiver.down();
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url: receiver.url }, never);
  expect(outcome).toMatchObject({ kind: "unreachable", attempt: { error: "refused" } });
});

test("deliver: redirects are not followed, and only the first kilobyte of an answer is kept", async () => {
  await using stage = open();
  receiver.behave(() => ({
    kind: "status",
    status: 302,
    headers: { location: receiver.url, "retry-after": "7" },
    body: "x".repeat(5_000),
  }));
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url: receiver.url }, never);
  expect(receiver.requests).toHaveLength(1);
  expect(outcome).toMatchObject({ kind: "answered", retryAfterMs: 7_000, attempt: { status: 302 } });
  expect(outcome.kind === "answered" && outcome.attempt.answer).toBe("x".repeat(1_024));
});

test("deliver: an endless answer is cut off, the status counts", async () => {
  await using stage = open();
  receiver.behave(() => ({ kind: "status", status: 200, body: "x".repeat(1_000_000) }));
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url: receiver.url }, never);
  expect(outcome.kind).toBe("delivered");
});

test("deliver: a stop in the middle is no outcome", async () => {
  await using stage = open();
  const stop = new AbortController();
  receiver.behave(() => {
    stop.abort();
    return { kind: "hang" };
  });
  const outcome = await deliverTest({ deliver: stage.deliver, clock }, { instance, url: receiver.url }, stop.signal);
  expect(outcome.kind).toBe("canceled");
});

test("deliver: files are linked when they are known, and say why when they are not", async () => {
  const captured = {
    ...textOf(1),
    content: { type: "image", mimeType: "image/jpeg", caption: "", width: 1, height: 1, viewOnce: false },
    media: [{ part: "main", kind: "image", mimeType: "image/jpeg" }],
  } as const;
  const asked: string[] = [];
  await using stage = open({
    media: {
      links: async ({ event, media }) => {
        asked.push(event.eventId, ...media.map(({ part }) => part));
        return new Map([["main", { url: null, error: "gone" }]]);
      },
    },
  });
  const event = {
    eventId: "evt_1",
    instanceId: instance.id,
    sequence: 1,
    position: 1,
    kind: "message",
    type: "ReceivedCallback",
    occurredAt: 1,
    createdAt: 1,
    captured: JSON.stringify(captured),
  };
  const delivery = {
    deliveryId: 1,
    instanceId: instance.id,
    hookId: "h",
    slot: "received",
    url: receiver.url,
    state: "pending",
    attempts: 0,
    dueAt: 0,
    createdAt: 0,
    updatedAt: 0,
    event,
  } as const;
  await stage.deliver({ delivery, secrets: [secret] }, never);
  expect(asked).toEqual(["evt_1", "main"]);
  expect(JSON.parse(receiver.requests[0]!.body).image).toMatchObject({ imageUrl: null, downloadError: "gone" });
  const unreadable = { ...delivery, event: { ...event, captured: "{}" } };
  expect(await stage.deliver({ delivery: unreadable, secrets: [] }, never)).toMatchObject({ kind: "unrenderable" });
});

test("sign: each current secret signs, in the Standard Webhooks form", () => {
  // A test vector of the specification.
  const headers = signWebhook(
    { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}', atMs: 1_614_265_330_000 },
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret],
  );
  const [first, second] = headers["webhook-signature"].split(" ");
  expect(headers["webhook-timestamp"]).toBe("1614265330");
  expect(first).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  expect(second).toMatch(/^v1,[\w+/]+=*$/);
});

test.each([
  ["7", 7_000],
  ["0", 0],
  ["-3", 0],
  ["Tue, 14 Nov 2023 22:13:30 GMT", 10_000],
  ["soon", undefined],
  [undefined, undefined],
])("retry-after: %s is %s ms", (header, expected) => {
  expect(retryAfterMs(header, 1_700_000_000_000)).toBe(expected);
});

test.each([
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["UND_ERR_SOCKET", "reset"],
  ["EPIPE", "reset"],
  ["ETIMEDOUT", "timeout"],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout"],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
  ["CERT_HAS_EXPIRED", "tls"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
  ["WAZAPI_FORBIDDEN_ADDRESS", "forbidden_address"],
  ["SOMETHING_NEW", "reset"],
])("failure: %s is %s, also as a cause and inside an aggregate", (code, word) => {
  const error = Object.assign(new Error("no"), { code });
  expect(failureWord(error)).toBe(word);
  expect(failureWord(new Error("outer", { cause: error }))).toBe(word);
  expect(failureWord(new AggregateError([error]))).toBe(word);
});

test("deliver: a server that hangs up during the handshake is no success", async () => {
  await using stage = open({ timeoutMs: 300 });
  const server = createServer({});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const outcome = await deliverTest(
    { deliver: stage.deliver, clock },
    { instance, url: `https://127.0.0.1:${port}/` },
    never,
  );
  expect(outcome.kind).toBe("unreachable");
  server.close();
});
