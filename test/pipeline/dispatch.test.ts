import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Log, LogFields } from "#lib/log.ts";
import type { Store } from "#store/store.ts";
import { ok, type Receiver, startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, type Rig, secret, startRig, textOf } from "./rig.ts";

let store: Store;
let receiver: Receiver;
let rig: Rig;
const id = "A".repeat(32);

beforeEach(async () => {
  store = await openTestStore();
  receiver = await startReceiver();
  await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
  rig = startRig(store);
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const send = (first: number, last: number) =>
  rig.record(
    id,
    range(first, last).map((n) => textOf(n)),
  );
const taken = () => receiver.taken.map(({ sequence }) => sequence);
const count = (state: "pending" | "dead" | "delivered") => store.deliveries.count({ instanceId: id, state });
const breaker = async () => (await store.deliveries.lanes({ instanceId: id }))[0]?.breaker;

test("deliver: events arrive signed, in order, once", async () => {
  await send(1, 250);
  await rig.time.until(async () => (await count("delivered")) === 250);
  expect(taken()).toEqual(range(1, 250));
  expect(receiver.requests).toHaveLength(250);
  const [first] = receiver.requests;
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
  await rig.record(id, [textOf(1), textOf(1)]);
  await rig.record(id, [textOf(1), textOf(2)]);
  await rig.time.until(async () => (await count("delivered")) === 2);
  expect(taken()).toEqual([1, 2]);
});

test.each([500, 404, 401, 429, 301, 418])(
  "retry: an answer of %d is tried again at the head of the line",
  async (status) => {
    let refusals = 3;
    receiver.behave(({ sequence }) => (sequence === 2 && refusals-- > 0 ? { kind: "status", status } : ok));
    await send(1, 4);
    await rig.time.until(async () => (await count("delivered")) === 4);
    expect(taken()).toEqual([1, 2, 3, 4]);
    expect(receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 2, 2, 2, 3, 4]);
    expect(receiver.requests.map(({ headers }) => headers["x-wazapi-attempt"])).toEqual([
      "1",
      "1",
      "2",
      "3",
      "4",
      "1",
      "1",
    ]);
    expect(new Set(receiver.requests.slice(1, 5).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  },
);

test("retry: waits are 1, 2, 4, 8 and 16 s", async () => {
  receiver.behave(({ sequence }) => (sequence === 1 ? { kind: "status", status: 500 } : ok));
  const at: number[] = [];
  receiver.behave(({ sequence }) => {
    if (sequence === 1) at.push(rig.time.clock.now());
    return sequence === 1 ? { kind: "status", status: 500 } : ok;
  });
  await send(1, 2);
  await rig.time.until(async () => (await count("dead")) === 1);
  const waits = at.slice(1).map((moment, index) => Math.round((moment - at[index]!) / 1000));
  expect(waits).toEqual([1, 2, 4, 8, 16]);
});

test("retry: Retry-After is honoured", async () => {
  const at: number[] = [];
  receiver.behave(() => {
    at.push(rig.time.clock.now());
    return at.length === 1 ? { kind: "status", status: 503, headers: { "retry-after": "120" } } : ok;
  });
  await send(1, 1);
  await rig.time.until(async () => (await count("delivered")) === 1, 15_000);
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(120_000);
});

test("poison: an event that fails while the next is taken is buried, with all its attempts", async () => {
  receiver.behave(({ sequence }) => (sequence === 2 ? { kind: "status", status: 500, body: "no such order" } : ok));
  await send(1, 5);
  await rig.time.until(async () => (await count("delivered")) === 4);
  expect(taken()).toEqual([1, 3, 4, 5]);
  const [dead] = await store.deliveries.list({ instanceId: id, state: "dead", limit: 10 });
  expect(dead).toMatchObject({ attempts: 6, lastError: "status 500", event: { sequence: 2 } });
  const attempts = await store.deliveries.attempts({ deliveryId: dead!.deliveryId });
  expect(attempts).toHaveLength(6);
  expect(attempts[0]).toMatchObject({ status: 500, answer: "no such order", counted: true });
});

test("poison: two in a row are both buried, and order holds", async () => {
  receiver.behave(({ sequence }) => (sequence === 2 || sequence === 3 ? { kind: "status", status: 400 } : ok));
  await send(1, 6);
  await rig.time.until(async () => (await count("delivered")) === 4, 15_000);
  expect(taken()).toEqual([1, 4, 5, 6]);
  expect(await count("dead")).toBe(2);
});

test("outage by answers: nothing is buried, nothing counts, order holds", async () => {
  let isDown = true;
  receiver.behave(() => (isDown ? { kind: "status", status: 503 } : ok));
  await send(1, 20);
  await rig.time.until(async () => (await breaker())?.state === "open", 15_000);
  const openedAt = rig.time.clock.now();
  await rig.time.until(() => rig.time.clock.now() > openedAt + 600_000, 15_000);
  expect(await count("dead")).toBe(0);
  const pending = await store.deliveries.list({ instanceId: id, state: "pending", limit: 50 });
  expect(pending.map(({ attempts }) => attempts)).toEqual(Array(20).fill(0));
  isDown = false;
  await rig.time.until(async () => (await count("delivered")) === 20, 15_000);
  expect(taken()).toEqual(range(1, 20));
  expect(await breaker()).toEqual({ state: "closed", failures: 0, probeAt: 0, openedAt: 0 });
});

test("outage by refused connections: the breaker opens at once, probes grow to about 12 s, no attempt counts", async () => {
  await receiver.down();
  await send(1, 300);
  await rig.time.until(async () => (await breaker())?.state === "open");
  const opened = await breaker();
  await rig.time.until(async () => ((await breaker())?.failures ?? 0) >= 8, 15_000);
  const row = await breaker();
  expect(row!.openedAt).toBe(opened!.openedAt);
  expect(row!.probeAt - rig.time.clock.now()).toBeLessThanOrEqual(15_000);
  const [, , ...rest] = await store.deliveries.list({ instanceId: id, state: "pending", limit: 300 });
  expect(rest.every(({ attempts }) => attempts === 0)).toBe(true);
  const head = (await store.deliveries.list({ instanceId: id, state: "pending", limit: 300 })).at(-1)!;
  expect(head).toMatchObject({ attempts: 0, lastError: "refused" });
  expect(
    (await store.deliveries.attempts({ deliveryId: head.deliveryId })).every(
      ({ counted, error }) => !counted && error === "refused",
    ),
  ).toBe(true);
  await receiver.up();
  await rig.time.until(async () => (await count("delivered")) === 300, 15_000);
  expect(taken()).toEqual(range(1, 300));
});

test.each([
  ["reset", { kind: "reset" }, "reset"],
  ["hang", { kind: "hang" }, "timeout"],
] as const)("outage by %s: named, and over when the endpoint is back", async (_, behaviour, word) => {
  await rig[Symbol.asyncDispose]();
  rig = startRig(store, { timeoutMs: 60 });
  let isDown = true;
  receiver.behave(() => (isDown ? behaviour : ok));
  await send(1, 3);
  await rig.time.until(async () => (await breaker())?.state === "open");
  const all = await store.deliveries.list({ instanceId: id, state: "pending", limit: 10 });
  expect(all.at(-1)).toMatchObject({ lastError: word, attempts: 0 });
  isDown = false;
  await rig.time.until(async () => (await count("delivered")) === 3);
  expect(taken()).toEqual([1, 2, 3]);
});

test("a body that breaks off after a 2xx is still a 2xx", async () => {
  receiver.behave(() => ({ kind: "half", status: 200 }));
  await send(1, 2);
  await rig.time.until(async () => (await count("delivered")) === 2);
  expect(receiver.requests).toHaveLength(2);
});

test("log: an outage is told when it begins and when it ends, and so are dead letters", async () => {
  await rig[Symbol.asyncDispose]();
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
  rig = startRig(store, { log });
  await receiver.down();
  await send(1, 2);
  await rig.time.until(async () => ((await breaker())?.failures ?? 0) >= 2, 15_000);
  receiver.behave(({ sequence }) => (sequence === 1 ? { kind: "status", status: 500 } : ok));
  await receiver.up();
  await rig.time.until(async () => (await count("dead")) === 1, 15_000);
  const lane = { instanceId: id, hookId: expect.any(String) };
  expect(lines).toEqual([
    { level: "warn", ...lane, message: "endpoint is down; its events wait" },
    { level: "info", ...lane, openMs: expect.any(Number), message: "endpoint is back" },
    { level: "warn", ...lane, count: 1, message: "refused events became dead letters" },
  ]);
});

describe("several lanes", () => {
  test("an outage of one leaves the others alone", async () => {
    await using other = await startReceiver();
    const second = "B".repeat(32);
    await store.instances.create({ instance: instanceOf(second, { received: other.url }) });
    await receiver.down();
    await send(1, 5);
    await rig.record(
      second,
      range(1, 5).map((n) => textOf(n)),
    );
    await rig.time.until(() => other.taken.length === 5);
    expect(await count("pending")).toBe(5);
  });

  test("a lane of a process that died is taken over when its lease ends, and goes on in order", async () => {
    await rig[Symbol.asyncDispose]();
    await using writing = startRig(store, { dispatch: { pollMs: 10_000_000, idleMs: 0 } });
    receiver.behave(() => ({ kind: "status", status: 500 }));
    await writing.record(
      id,
      range(1, 3).map((n) => textOf(n)),
    );
    await writing.time.until(() => receiver.requests.length >= 1);
    await writing[Symbol.asyncDispose]();
    const now = writing.time.clock.now();
    const dead = await store.deliveries.claimLanes({ owner: "dead", limit: 1, leaseMs: 30_000, now });
    expect(dead).toHaveLength(1);
    receiver.behave(() => ok);
    rig = startRig(store, { time: writing.time, owner: "alive" });
    await rig.time.settle();
    expect(taken()).toEqual([]);
    await rig.time.until(async () => (await count("delivered")) === 3);
    expect(rig.time.clock.now()).toBeGreaterThanOrEqual(now + 30_000);
    expect(taken()).toEqual([1, 2, 3]);
  });
});

describe("a store in trouble", () => {
  const wrapped = (given: Partial<Store["deliveries"]>): Store => ({
    ...store,
    deliveries: { ...store.deliveries, ...given },
  });

  test("outcomes that cannot be written are written later, and nothing is sent twice", async () => {
    await rig[Symbol.asyncDispose]();
    let failures = 3;
    const settle: Store["deliveries"]["settle"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("database is locked")) : store.deliveries.settle(input);
    rig = startRig(wrapped({ settle }));
    await send(1, 5);
    await rig.time.until(async () => (await count("delivered")) === 5);
    expect(receiver.requests).toHaveLength(5);
  });

  test("lanes that cannot be claimed are claimed later", async () => {
    await rig[Symbol.asyncDispose]();
    let failures = 3;
    const claimLanes: Store["deliveries"]["claimLanes"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("database is locked")) : store.deliveries.claimLanes(input);
    rig = startRig(wrapped({ claimLanes }));
    await send(1, 2);
    await rig.time.until(async () => (await count("delivered")) === 2);
  });

  test("a lane that was lost is left to its new owner at once", async () => {
    receiver.behave(() => ({ kind: "status", status: 500 }));
    await send(1, 3);
    await rig.time.until(() => receiver.requests.length >= 1);
    await rig.time.settle();
    // Somebody else was told that the lease is over.
    const later = rig.time.clock.now() + 3_600_000;
    const [lane] = await store.deliveries.claimLanes({ owner: "other", limit: 1, leaseMs: 1e9, now: later });
    expect(lane).toBeDefined();
    await rig.time.until(() => rig.pipeline.stats().lanes === 0);
    const before = receiver.requests.length;
    rig.time.advance(60_000);
    await rig.time.settle();
    expect(receiver.requests).toHaveLength(before);
    expect(await store.deliveries.renewLane({ lane: lane!, leaseMs: 1, now: later })).toBe(true);
  });

  test("a page that cannot be read costs the lane, not the events", async () => {
    await rig[Symbol.asyncDispose]();
    let failures = 1;
    const pending: Store["deliveries"]["pending"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("disk error")) : store.deliveries.pending(input);
    rig = startRig(wrapped({ pending }));
    await send(1, 3);
    await rig.time.until(async () => (await count("delivered")) === 3);
    expect(taken()).toEqual([1, 2, 3]);
  });
});

test("two processes: a lane in a long outage stays with the one that has it", async () => {
  await receiver.down();
  await send(1, 3);
  await rig.time.until(async () => (await breaker())?.state === "open");
  await using second = startRig(store, { time: rig.time, owner: "second" });
  const end = rig.time.clock.now() + 300_000;
  await rig.time.until(() => rig.time.clock.now() > end);
  expect(second.pipeline.stats()).toEqual({ buffered: 0, lanes: 0, held: 0 });
  await receiver.up();
  await rig.time.until(async () => (await count("delivered")) === 3);
  expect(receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
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
  await store.events.persist({ instanceId: id, events: [event], now: rig.time.clock.now() });
  await send(2, 3);
  await rig.time.until(async () => (await count("delivered")) === 2);
  expect(await count("dead")).toBe(1);
  expect(taken()).toEqual([2, 3]);
});

describe("order per chat", () => {
  beforeEach(async () => {
    await store.instances.update({ instanceId: id, settings: { deliveryOrder: "chat" }, now: 1 });
  });

  test("a chat that fails does not hold up the others, and its poison is found by them", async () => {
    receiver.behave(({ body }) => (body.includes('text 1"') ? { kind: "status", status: 500 } : ok));
    const chats = ["5511900000002", "5511900000003", "5511900000004"];
    await rig.record(
      id,
      range(1, 9).map((n) => textOf(n, chats[(n - 1) % 3])),
    );
    await rig.time.until(() => receiver.taken.length === 6);
    expect(taken().sort((a, b) => a - b)).toEqual([2, 3, 5, 6, 8, 9]);
    for (let second = 0; second < 60 && (await count("dead")) === 0; second += 1) {
      await rig.record(id, [textOf(100 + second, chats[1])]);
      rig.time.advance(1_000);
      await rig.time.settle();
    }
    expect(await count("dead")).toBe(1);
    await rig.time.until(async () => (await count("pending")) === 0);
    const ofFirstChat = receiver.taken.filter(({ body }) => body.includes(chats[0]!)).map(({ sequence }) => sequence);
    expect(ofFirstChat).toEqual([4, 7]);
  });
});

test("no warning of a leak, however many chats wait", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warned);
  await store.instances.update({ instanceId: id, settings: { deliveryOrder: "chat" }, now: 1 });
  receiver.behave(() => ({ kind: "status", status: 500 }));
  await rig.record(
    id,
    range(1, 40).map((n) => textOf(n, `55119000001${String(n).padStart(2, "0")}`)),
  );
  await rig.time.until(() => receiver.requests.length >= 40);
  await Promise.all(range(1, 30).map((n) => rig.record(`${n}`.padStart(32, "C"), [textOf(n)])));
  await rig.time.settle();
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});

test("replay: old events come again under their old ids, in order", async () => {
  await send(1, 5);
  await rig.time.until(async () => (await count("delivered")) === 5);
  const before = receiver.taken.map(({ headers }) => headers["webhook-id"]);
  await store.events.replay({ selector: { instanceId: id }, limit: 100, now: rig.time.clock.now() });
  rig.pipeline.wake(id);
  await rig.time.until(() => receiver.taken.length === 10);
  expect(receiver.taken.slice(5).map(({ headers }) => headers["webhook-id"])).toEqual(before);
});

test("a URL that changes during an outage: what waited goes to the new one, in order", async () => {
  await using other = await startReceiver();
  await receiver.down();
  await send(1, 10);
  await rig.time.until(async () => (await breaker())?.state === "open");
  await store.instances.setHooks({ instanceId: id, hooks: { received: other.url }, now: rig.time.clock.now() });
  rig.pipeline.wake(id);
  await rig.time.until(() => other.taken.length === 10);
  expect(other.taken.map(({ sequence }) => sequence)).toEqual(range(1, 10));
  await receiver.up();
  await rig.time.until(async () => (await count("pending")) === 0);
  expect(receiver.taken).toEqual([]);
});

test("stop: a POST in flight ends and is recorded, nothing new begins", async () => {
  receiver.behave(() => ({ kind: "slow", ms: 50 }));
  await send(1, 5);
  await rig.time.until(() => receiver.requests.length === 2);
  await rig[Symbol.asyncDispose]();
  expect(receiver.requests).toHaveLength(2);
  expect(await count("delivered")).toBe(2);
  const lanes = await store.deliveries.claimLanes({ owner: "next", limit: 5, leaseMs: 1, now: rig.time.clock.now() });
  expect(lanes).toHaveLength(1);
});

test("stop: the deadline cuts a POST that never ends, and its event stays as it was", async () => {
  await rig[Symbol.asyncDispose]();
  const stop = new AbortController();
  rig = startRig(store, { stop, timeoutMs: 60_000 });
  receiver.behave(() => ({ kind: "hang" }));
  await send(1, 2);
  await rig.time.until(() => receiver.requests.length === 1);
  const stopped = rig.pipeline[Symbol.asyncDispose]();
  await rig.time.settle();
  stop.abort();
  await stopped;
  const [, head] = await store.deliveries.list({ instanceId: id, state: "pending", limit: 5 });
  expect(head).toMatchObject({ attempts: 0, event: { sequence: 1 } });
});
