import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Clock } from "#lib/clock.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { instanceOf, range, startRig, textOf } from "../pipeline/rig.ts";
import { instanceOf as senderOf, one, startRig as startQueueRig, transient } from "../queue/support.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { startReceiver } from "../support/receiver.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openTestStore } from "../support/store.ts";
import { openEngineRig } from "./engine-rig.ts";
import { createStepClock } from "./step-clock.ts";

const hourMs = 3_600_000;
const id = "A".repeat(32);

/** Fake time whose wall clock a test sets forwards and back; durations go on as they were. */
function steppable(time: FakeTime): FakeTime & { readonly step: (ms: number) => void } {
  let offsetMs = 0;
  const clock: Clock = { now: () => time.clock.now() + offsetMs, monotonicMs: time.clock.monotonicMs };
  return { ...time, clock, step: (ms) => (offsetMs += ms) };
}

describe.each([
  ["forwards", hourMs],
  ["back", -hourMs],
])("the clock is set %s by an hour", (_, stepMs) => {
  test("webhooks: nobody waits for it, and nothing is delivered twice", async () => {
    await using store = await openTestStore();
    await using receiver = await startReceiver();
    await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
    const time = steppable(createFakeTime());
    await using rig = startRig(store, { time });
    let refusals = 2;
    receiver.behave(({ sequence }) =>
      sequence === 3 && refusals-- > 0 ? { kind: "status", status: 500 } : { kind: "slow", ms: 1 },
    );
    await rig.record(
      id,
      range(1, 6).map((n) => textOf(n)),
    );
    // The third has been refused and waits for its retry.
    await time.until(() => receiver.requests.length === 3);
    await time.settle();
    time.step(stepMs);
    const steppedMs = time.clock.monotonicMs();
    rig.pipeline.wake(id);
    await rig.record(
      id,
      range(7, 9).map((n) => textOf(n)),
    );
    await time.until(async () => (await store.deliveries.count({ instanceId: id, state: "delivered" })) === 9);
    expect(time.clock.monotonicMs() - steppedMs).toBeLessThan(30_000);
    expect(receiver.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("webhooks in an outage: the next probe comes as soon as before", async () => {
    await using store = await openTestStore();
    await using receiver = await startReceiver();
    await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
    const time = steppable(createFakeTime());
    await using rig = startRig(store, { time });
    await receiver.down();
    await rig.record(id, [textOf(1)]);
    const lane = async () => (await store.deliveries.lanes({ instanceId: id }))[0];
    await time.until(async () => ((await lane())?.breaker.failures ?? 0) >= 3);
    time.step(stepMs);
    const steppedMs = time.clock.monotonicMs();
    await receiver.up();
    await time.until(() => receiver.taken.length === 1);
    expect(time.clock.monotonicMs() - steppedMs).toBeLessThan(30_000);
  });

  test("sends: nobody waits for it, nothing is sent twice, and what is scheduled keeps to the clock", async () => {
    await using store = await openTestStore();
    await store.instances.create({ instance: senderOf(one) });
    const time = steppable(createFakeTime());
    const scheduledMs = Math.max(0, stepMs) + 10 * 60_000;
    await using rig = startQueueRig(store, { time });
    rig.sender.script("b", transient, transient);
    await rig.say("a", "b", "c");
    await rig.enqueue({
      instanceId: one,
      outgoing: { to: "5511999990000@s.whatsapp.net", content: { kind: "text", text: "later" }, options: {} },
      scheduledAt: time.clock.now() + scheduledMs,
    });
    // The second has failed and waits for its retry.
    await time.until(() => rig.sender.sent.length === 2);
    await time.settle();
    time.step(stepMs);
    const steppedMs = time.clock.monotonicMs();
    await time.until(() => rig.sender.sent.length === 5);
    expect(time.clock.monotonicMs() - steppedMs).toBeLessThan(30_000);
    expect(rig.words()).toEqual(["a", "b", "b", "b", "c"]);
    await time.until(() => rig.sender.sent.length === 6);
    const waitedMs = time.clock.monotonicMs() - steppedMs;
    expect(waitedMs).toBeGreaterThanOrEqual(scheduledMs - stepMs - 5_000);
    expect(waitedMs).toBeLessThan(scheduledMs - stepMs + 30_000);
  });
});

describe("the clock was set back while nobody ran", () => {
  test("webhooks of the process before are delivered", async () => {
    await using store = await openTestStore();
    await using receiver = await startReceiver();
    await store.instances.create({ instance: instanceOf(id, { received: receiver.url }) });
    const time = steppable(createFakeTime());
    await receiver.down();
    {
      await using rig = startRig(store, { time });
      await rig.record(
        id,
        range(1, 3).map((n) => textOf(n)),
      );
      await time.until(async () => (await store.deliveries.lanes({ instanceId: id }))[0]?.breaker.state === "open");
    }
    time.step(-hourMs);
    await receiver.up();
    const startedMs = time.clock.monotonicMs();
    await using _next = startRig(store, { time, owner: "next" });
    await time.until(() => receiver.taken.length === 3);
    expect(time.clock.monotonicMs() - startedMs).toBeLessThan(10 * 60_000);
    expect(receiver.taken.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  test("messages of the process before are sent", async () => {
    await using store = await openTestStore();
    await store.instances.create({ instance: senderOf(one) });
    const time = steppable(createFakeTime());
    const former = startQueueRig(store, { time });
    former.sender.script("a", transient);
    await former.say("a", "b");
    await time.until(() => former.sender.sent.length === 1 && former.outcomes.length === 1);
    await former[Symbol.asyncDispose]();
    time.step(-hourMs);
    await using next = startQueueRig(store, { time });
    const startedMs = time.clock.monotonicMs();
    await next.drained();
    expect(next.words()).toEqual(["a", "b"]);
    expect(time.clock.monotonicMs() - startedMs).toBeLessThan(60_000);
  });
});

describe("a whole engine whose clock is set forwards and back while it works", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  it("brings what only the journal knows, although it was written in the future", async () => {
    const clock = createStepClock();
    await using rig = await openEngineRig(sandbox, { clock });
    rig.faults.before((method) => {
      if (method === "events.persist") throw new Error("disk full");
    });
    const ids = await rig.receive("n{n}", 3);
    const wait = { timeout: 20_000, interval: 10 };
    const queued = () => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;
    await expect.poll(queued, wait).toBe(0);
    clock.step(-hourMs);
    await rig.restart("cut");
    await expect.poll(rig.delivered, wait).toEqual(ids);
  });

  it("keeps its session and its leases, and both roads are as if nothing had happened", async () => {
    const clock = createStepClock();
    await using rig = await openEngineRig(sandbox, { clock });
    const sent: string[] = [];
    const received: string[] = [];
    for (const stepMs of [hourMs, -2 * hourMs, hourMs, -hourMs, 3 * hourMs]) {
      sent.push(...(await rig.send(["a", "b", "c", "d", "e"])));
      received.push(...(await rig.receive("n{n}", 5)));
      clock.step(stepMs);
      await rig.engine().reconcile.request();
      sent.push(...(await rig.send(["f"])));
      received.push(...(await rig.receive("n", 1)));
    }
    const wait = { timeout: 20_000, interval: 10 };
    await expect.poll(async () => (await rig.inbox()).map(({ messageId }) => messageId), wait).toEqual(sent);
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(received.length);
    expect(rig.delivered()).toEqual(received);
    const history = await rig.inner.instances.connectionHistory({ instanceId: rig.instanceId, limit: 20 });
    expect(history.map(({ reason }) => reason)).toEqual(["connected", "restart_required", "start"]);
    expect(await rig.inner.queue.count({ instanceId: rig.instanceId, states: ["queued", "sending"] })).toBe(0);
  });
});
