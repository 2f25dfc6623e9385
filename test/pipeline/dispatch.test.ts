import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import type { Log, LogFields } from "#lib/log.ts";
import { ok, startReceiver } from "../support/receiver.ts";
import { id, useDispatchWorld } from "./dispatch-world.ts";
import { range, secret, startRig, textOf } from "./rig.ts";

const world = useDispatchWorld();
const { send, taken, count, breaker } = world;

test("deliver: events arrive signed, in order, once", async () => {
  await send(1, 250);
  await world.rig.time.until(async () => (await count("delivered")) === 250);
  expect(taken()).toEqual(range(1, 250));
  expect(world.receiver.requests).toHaveLength(250);
  const [first] = world.receiver.requests;
  const { headers, body } = first!;
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "x-wazapi-instance-id": id,
    "x-wazapi-event-type": "ReceivedCallback",
    "x-wazapi-sequence": "1",
    "x-wazapi-attempt": "1",
  });
  const signed = [headers["webhook-id"], headers["webhook-timestamp"], body].join(".");
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  expect(JSON.parse(body)).toMatchObject({ type: "ReceivedCallback", instanceId: id, text: { message: "text 1" } });
});

test("persist: the same happening makes no second event", async () => {
  await world.rig.record(id, [textOf(1), textOf(1)]);
  await world.rig.record(id, [textOf(1), textOf(2)]);
  await world.rig.time.until(async () => (await count("delivered")) === 2);
  expect(taken()).toEqual([1, 2]);
});

test.each([500, 404, 401, 429, 301, 418])(
  "retry: an answer of %d is tried again at the head of the line",
  async (status) => {
    let refusals = 3;
    world.receiver.behave(({ sequence }) => (sequence === 2 && refusals-- > 0 ? { kind: "status", status } : ok));
    await send(1, 4);
    await world.rig.time.until(async () => (await count("delivered")) === 4);
    expect(taken()).toEqual([1, 2, 3, 4]);
    expect(world.receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 2, 2, 2, 3, 4]);
    expect(world.receiver.requests.map(({ headers }) => headers["x-wazapi-attempt"])).toEqual([
      "1",
      "1",
      "2",
      "3",
      "4",
      "1",
      "1",
    ]);
    expect(new Set(world.receiver.requests.slice(1, 5).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  },
);

test("retry: waits are 1, 2, 4, 8 and 16 s", async () => {
  world.receiver.behave(({ sequence }) => (sequence === 1 ? { kind: "status", status: 500 } : ok));
  const at: number[] = [];
  world.receiver.behave(({ sequence }) => {
    if (sequence === 1) at.push(world.rig.time.clock.now());
    return sequence === 1 ? { kind: "status", status: 500 } : ok;
  });
  await send(1, 2);
  await world.rig.time.until(async () => (await count("dead")) === 1);
  const waits = at.slice(1).map((moment, index) => Math.round((moment - at[index]!) / 1000));
  expect(waits).toEqual([1, 2, 4, 8, 16]);
});

test("retry: Retry-After is honoured", async () => {
  const at: number[] = [];
  world.receiver.behave(() => {
    at.push(world.rig.time.clock.now());
    return at.length === 1 ? { kind: "status", status: 503, headers: { "retry-after": "120" } } : ok;
  });
  await send(1, 1);
  await world.rig.time.until(async () => (await count("delivered")) === 1, 15_000);
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(120_000);
});

test("poison: an event that fails while the next is taken is buried, with all its attempts", async () => {
  world.receiver.behave(({ sequence }) =>
    sequence === 2 ? { kind: "status", status: 500, body: "no such order" } : ok,
  );
  await send(1, 5);
  await world.rig.time.until(async () => (await count("delivered")) === 4);
  expect(taken()).toEqual([1, 3, 4, 5]);
  const [dead] = await world.store.deliveries.list({ instanceId: id, state: "dead", limit: 10 });
  expect(dead).toMatchObject({ attempts: 6, lastError: "status 500", event: { sequence: 2 } });
  const attempts = await world.store.deliveries.attempts({ deliveryId: dead!.deliveryId });
  expect(attempts).toHaveLength(6);
  expect(attempts[0]).toMatchObject({ status: 500, answer: "no such order", counted: true });
});

test("poison: two in a row are both buried, and order holds", async () => {
  world.receiver.behave(({ sequence }) => (sequence === 2 || sequence === 3 ? { kind: "status", status: 400 } : ok));
  await send(1, 6);
  await world.rig.time.until(async () => (await count("delivered")) === 4, 15_000);
  expect(taken()).toEqual([1, 4, 5, 6]);
  expect(await count("dead")).toBe(2);
});

test("outage by answers: nothing is buried, nothing counts, order holds", async () => {
  let isDown = true;
  world.receiver.behave(() => (isDown ? { kind: "status", status: 503 } : ok));
  await send(1, 20);
  await world.rig.time.until(async () => (await breaker())?.state === "open", 15_000);
  const openedAt = world.rig.time.clock.now();
  await world.rig.time.until(() => world.rig.time.clock.now() > openedAt + 600_000, 15_000);
  expect(await count("dead")).toBe(0);
  const pending = await world.store.deliveries.list({ instanceId: id, state: "pending", limit: 50 });
  expect(pending.map(({ attempts }) => attempts)).toEqual(Array(20).fill(0));
  isDown = false;
  await world.rig.time.until(async () => (await count("delivered")) === 20, 15_000);
  expect(taken()).toEqual(range(1, 20));
  expect(await breaker()).toEqual({ state: "closed", failures: 0, probeAt: 0, openedAt: 0 });
});

test("outage by refused connections: the breaker opens at once, probes grow to about 12 s, no attempt counts", async () => {
  await world.receiver.down();
  await send(1, 300);
  await world.rig.time.until(async () => (await breaker())?.state === "open");
  const opened = await breaker();
  await world.rig.time.until(async () => ((await breaker())?.failures ?? 0) >= 8, 15_000);
  const row = await breaker();
  expect(row!.openedAt).toBe(opened!.openedAt);
  expect(row!.probeAt - world.rig.time.clock.now()).toBeLessThanOrEqual(15_000);
  const [, , ...rest] = await world.store.deliveries.list({ instanceId: id, state: "pending", limit: 300 });
  expect(rest.every(({ attempts }) => attempts === 0)).toBe(true);
  const head = (await world.store.deliveries.list({ instanceId: id, state: "pending", limit: 300 })).at(-1)!;
  expect(head).toMatchObject({ attempts: 0, lastError: "refused" });
  expect(
    (await world.store.deliveries.attempts({ deliveryId: head.deliveryId })).every(
      ({ counted, error }) => !counted && error === "refused",
    ),
  ).toBe(true);
  await world.receiver.up();
  await world.rig.time.until(async () => (await count("delivered")) === 300, 15_000);
  expect(taken()).toEqual(range(1, 300));
});

test.each([
  ["reset", { kind: "reset" }, "reset"],
  ["hang", { kind: "hang" }, "timeout"],
] as const)("outage by %s: named, and over when the endpoint is back", async (_, behaviour, word) => {
  await world.rig[Symbol.asyncDispose]();
  world.rig = startRig(world.store, { timeoutMs: 60 });
  let isDown = true;
  world.receiver.behave(() => (isDown ? behaviour : ok));
  await send(1, 3);
  await world.rig.time.until(async () => (await breaker())?.state === "open");
  const all = await world.store.deliveries.list({ instanceId: id, state: "pending", limit: 10 });
  expect(all.at(-1)).toMatchObject({ lastError: word, attempts: 0 });
  isDown = false;
  await world.rig.time.until(async () => (await count("delivered")) === 3);
  expect(taken()).toEqual([1, 2, 3]);
});

test("a body that breaks off after a 2xx is still a 2xx", async () => {
  world.receiver.behave(() => ({ kind: "half", status: 200 }));
  await send(1, 2);
  await world.rig.time.until(async () => (await count("delivered")) === 2);
  expect(world.receiver.requests).toHaveLength(2);
});

test("log: an outage is told when it begins and when it ends, and so are dead letters", async () => {
  await world.rig[Symbol.asyncDispose]();
  const lines: unknown[] = [];
  const keep = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, ...fields, message });
  const log: Log = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    child: () => log,
  };
  world.rig = startRig(world.store, { log });
  await world.receiver.down();
  await send(1, 2);
  await world.rig.time.until(async () => ((await breaker())?.failures ?? 0) >= 2, 15_000);
  world.receiver.behave(({ sequence }) => (sequence === 1 ? { kind: "status", status: 500 } : ok));
  await world.receiver.up();
  await world.rig.time.until(async () => (await count("dead")) === 1, 15_000);
  const lane = { instanceId: id, hookId: expect.any(String) };
  expect(lines).toEqual([
    { level: "warn", ...lane, message: "endpoint is down; its events wait" },
    { level: "info", ...lane, openMs: expect.any(Number), message: "endpoint is back" },
    { level: "warn", ...lane, count: 1, message: "refused events became dead letters" },
  ]);
});

test("an event that cannot be rendered is buried at once, and holds nobody up", async () => {
  const event = {
    dedupeKey: "broken",
    kind: "message",
    type: "ReceivedCallback",
    occurredAt: 1,
    captured: "{}",
    slots: ["received"],
  } as const;
  await world.store.events.persist({ instanceId: id, events: [event], now: world.rig.time.clock.now() });
  await send(2, 3);
  await world.rig.time.until(async () => (await count("delivered")) === 2);
  expect(await count("dead")).toBe(1);
  expect(taken()).toEqual([2, 3]);
});

describe("order per chat", () => {
  beforeEach(async () => {
    await world.store.instances.update({ instanceId: id, settings: { deliveryOrder: "chat" }, now: 1 });
  });

  test("a chat that fails does not hold up the others, and its poison is found by them", async () => {
    world.receiver.behave(({ body }) => (body.includes('text 1"') ? { kind: "status", status: 500 } : ok));
    const chats = ["5511900000002", "5511900000003", "5511900000004"];
    await world.rig.record(
      id,
      range(1, 9).map((n) => textOf(n, chats[(n - 1) % 3])),
    );
    await world.rig.time.until(() => world.receiver.taken.length === 6);
    expect(taken().sort((a, b) => a - b)).toEqual([2, 3, 5, 6, 8, 9]);
    for (let second = 0; second < 60 && (await count("dead")) === 0; second += 1) {
      await world.rig.record(id, [textOf(100 + second, chats[1])]);
      world.rig.time.advance(1_000);
      await world.rig.time.settle();
    }
    expect(await count("dead")).toBe(1);
    await world.rig.time.until(async () => (await count("pending")) === 0);
    const ofFirstChat = world.receiver.taken
      .filter(({ body }) => body.includes(chats[0]!))
      .map(({ sequence }) => sequence);
    expect(ofFirstChat).toEqual([4, 7]);
  });
});

test("no warning of a leak, however many chats wait", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warned);
  await world.store.instances.update({ instanceId: id, settings: { deliveryOrder: "chat" }, now: 1 });
  world.receiver.behave(() => ({ kind: "status", status: 500 }));
  await world.rig.record(
    id,
    range(1, 40).map((n) => textOf(n, `55119000001${String(n).padStart(2, "0")}`)),
  );
  await world.rig.time.until(() => world.receiver.requests.length >= 40);
  await Promise.all(range(1, 30).map((n) => world.rig.record(`${n}`.padStart(32, "C"), [textOf(n)])));
  await world.rig.time.settle();
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});

test("replay: old events come again under their old ids, in order", async () => {
  await send(1, 5);
  await world.rig.time.until(async () => (await count("delivered")) === 5);
  const before = world.receiver.taken.map(({ headers }) => headers["webhook-id"]);
  await world.store.events.replay({ selector: { instanceId: id }, limit: 100, now: world.rig.time.clock.now() });
  world.rig.pipeline.wake(id);
  await world.rig.time.until(() => world.receiver.taken.length === 10);
  expect(world.receiver.taken.slice(5).map(({ headers }) => headers["webhook-id"])).toEqual(before);
});

test("a URL that changes during an outage: what waited goes to the new one, in order", async () => {
  await using other = await startReceiver();
  await world.receiver.down();
  await send(1, 10);
  await world.rig.time.until(async () => (await breaker())?.state === "open");
  await world.store.instances.setHooks({
    instanceId: id,
    hooks: { received: other.url },
    now: world.rig.time.clock.now(),
  });
  world.rig.pipeline.wake(id);
  await world.rig.time.until(() => other.taken.length === 10);
  expect(other.taken.map(({ sequence }) => sequence)).toEqual(range(1, 10));
  await world.receiver.up();
  await world.rig.time.until(async () => (await count("pending")) === 0);
  expect(world.receiver.taken).toEqual([]);
});

test("stop: a POST in flight ends and is recorded, nothing new begins", async () => {
  world.receiver.behave(() => ({ kind: "slow", ms: 50 }));
  await send(1, 5);
  await world.rig.time.until(() => world.receiver.requests.length === 2);
  await world.rig[Symbol.asyncDispose]();
  expect(world.receiver.requests).toHaveLength(2);
  expect(await count("delivered")).toBe(2);
  const lanes = await world.store.deliveries.claimLanes({
    owner: "next",
    limit: 5,
    leaseMs: 1,
    now: world.rig.time.clock.now(),
  });
  expect(lanes).toHaveLength(1);
});

test("stop: the deadline cuts a POST that never ends, and its event stays as it was", async () => {
  await world.rig[Symbol.asyncDispose]();
  const stop = new AbortController();
  world.rig = startRig(world.store, { stop, timeoutMs: 60_000 });
  world.receiver.behave(() => ({ kind: "hang" }));
  await send(1, 2);
  await world.rig.time.until(() => world.receiver.requests.length === 1);
  const stopped = world.rig.pipeline[Symbol.asyncDispose]();
  await world.rig.time.settle();
  stop.abort();
  await stopped;
  const [, head] = await world.store.deliveries.list({ instanceId: id, state: "pending", limit: 5 });
  expect(head).toMatchObject({ attempts: 0, event: { sequence: 1 } });
});
