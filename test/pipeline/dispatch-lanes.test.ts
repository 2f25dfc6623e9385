import { describe, expect, test } from "vitest";
import type { Store } from "#store/store.ts";
import { ok, startReceiver } from "../support/receiver.ts";
import { id, useDispatchWorld } from "./dispatch-world.ts";
import { instanceOf, range, startRig, textOf } from "./rig.ts";

const world = useDispatchWorld();
const { send, taken, count, breaker } = world;

describe("several lanes", () => {
  test("an outage of one leaves the others alone", async () => {
    await using other = await startReceiver();
    const second = "B".repeat(32);
    await world.store.instances.create({ instance: instanceOf(second, { received: other.url }) });
    await world.receiver.down();
    await send(1, 5);
    await world.rig.record(
      second,
      range(1, 5).map((n) => textOf(n)),
    );
    await world.rig.time.until(() => other.taken.length === 5);
    expect(await count("pending")).toBe(5);
  });

  test("a lane of a process that died is taken over when its lease ends, and goes on in order", async () => {
    await world.rig[Symbol.asyncDispose]();
    await using writing = startRig(world.store, { dispatch: { pollMs: 10_000_000, idleMs: 0 } });
    world.receiver.behave(() => ({ kind: "status", status: 500 }));
    await writing.record(
      id,
      range(1, 3).map((n) => textOf(n)),
    );
    await writing.time.until(() => world.receiver.requests.length >= 1);
    await writing[Symbol.asyncDispose]();
    const now = writing.time.clock.now();
    const dead = await world.store.deliveries.claimLanes({ owner: "dead", limit: 1, leaseMs: 30_000, now });
    expect(dead).toHaveLength(1);
    world.receiver.behave(() => ok);
    world.rig = startRig(world.store, { time: writing.time, owner: "alive" });
    await world.rig.time.settle();
    expect(taken()).toEqual([]);
    await world.rig.time.until(async () => (await count("delivered")) === 3);
    expect(world.rig.time.clock.now()).toBeGreaterThanOrEqual(now + 30_000);
    expect(taken()).toEqual([1, 2, 3]);
  });
});

describe("a store in trouble", () => {
  const wrapped = (given: Partial<Store["deliveries"]>): Store => ({
    ...world.store,
    deliveries: { ...world.store.deliveries, ...given },
  });

  test("outcomes that cannot be written are written later, and nothing is sent twice", async () => {
    await world.rig[Symbol.asyncDispose]();
    let failures = 3;
    const settle: Store["deliveries"]["settle"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("database is locked")) : world.store.deliveries.settle(input);
    world.rig = startRig(wrapped({ settle }));
    await send(1, 5);
    await world.rig.time.until(async () => (await count("delivered")) === 5);
    expect(world.receiver.requests).toHaveLength(5);
  });

  test("lanes that cannot be claimed are claimed later", async () => {
    await world.rig[Symbol.asyncDispose]();
    let failures = 3;
    const claimLanes: Store["deliveries"]["claimLanes"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("database is locked")) : world.store.deliveries.claimLanes(input);
    world.rig = startRig(wrapped({ claimLanes }));
    await send(1, 2);
    await world.rig.time.until(async () => (await count("delivered")) === 2);
  });

  test("a lane that was lost is left to its new owner at once", async () => {
    world.receiver.behave(() => ({ kind: "status", status: 500 }));
    await send(1, 3);
    await world.rig.time.until(() => world.receiver.requests.length >= 1);
    await world.rig.time.settle();
    // Somebody else was told that the lease is over.
    const later = world.rig.time.clock.now() + 3_600_000;
    const [lane] = await world.store.deliveries.claimLanes({ owner: "other", limit: 1, leaseMs: 1e9, now: later });
    expect(lane).toBeDefined();
    await world.rig.time.until(() => world.rig.pipeline.stats().lanes === 0);
    const before = world.receiver.requests.length;
    world.rig.time.advance(60_000);
    await world.rig.time.settle();
    expect(world.receiver.requests).toHaveLength(before);
    expect(await world.store.deliveries.renewLane({ lane: lane!, leaseMs: 1, now: later })).toBe(true);
  });

  test("a page that cannot be read costs the lane, not the events", async () => {
    await world.rig[Symbol.asyncDispose]();
    let failures = 1;
    const pending: Store["deliveries"]["pending"] = (input) =>
      failures-- > 0 ? Promise.reject(new Error("disk error")) : world.store.deliveries.pending(input);
    world.rig = startRig(wrapped({ pending }));
    await send(1, 3);
    await world.rig.time.until(async () => (await count("delivered")) === 3);
    expect(taken()).toEqual([1, 2, 3]);
  });
});

test("two processes: a lane in a long outage stays with the one that has it", async () => {
  await world.receiver.down();
  await send(1, 3);
  await world.rig.time.until(async () => (await breaker())?.state === "open");
  await using second = startRig(world.store, { time: world.rig.time, owner: "second" });
  const end = world.rig.time.clock.now() + 300_000;
  await world.rig.time.until(() => world.rig.time.clock.now() > end);
  expect(second.pipeline.stats()).toEqual({ buffered: 0, lanes: 0, held: 0 });
  await world.receiver.up();
  await world.rig.time.until(async () => (await count("delivered")) === 3);
  expect(world.receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});
