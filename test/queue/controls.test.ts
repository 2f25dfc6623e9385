import { expect, test } from "vitest";
import { one, startRig, text, transient } from "./support.ts";
import { openQueueStore } from "./store.ts";

test("cancel: a message that waits, one that paces and one that types", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { pace: { minMs: 2_000, maxMs: 2_000 } } });
  await rig.say("sent before");
  await rig.drained();
  const { zaapId: pacing } = await rig.enqueue({ instanceId: one, outgoing: text("pacing") });
  const { zaapId: waiting } = await rig.enqueue({ instanceId: one, outgoing: text("waiting") });
  await rig.enqueue({ instanceId: one, outgoing: text("kept") });
  await rig.time.settle();
  const cancel = (zaapId: string) => rig.worker.controls.cancel({ instanceId: one, zaapId, now: rig.time.clock.now() });
  expect(await store.queue.get({ instanceId: one, zaapId: pacing })).toMatchObject({ state: "sending" });
  expect(await cancel(pacing)).toBe("canceled");
  expect(await cancel(waiting)).toBe("canceled");
  expect(await cancel(waiting)).toBe("gone");
  await rig.drained();
  expect(rig.words()).toEqual(["sent before", "kept"]);

  const { zaapId: typing } = await rig.enqueue({ instanceId: one, outgoing: text("typing"), typingMs: 5_000 });
  await rig.time.until(() => rig.sender.typed.length === 1);
  expect(await cancel(typing)).toBe("canceled");
  await rig.time.settle();
  expect(rig.sender.typed.map(({ state }) => state)).toEqual(["composing", "paused"]);
  expect(rig.words()).toEqual(["sent before", "kept"]);
});

test("cancel: a message on its way to WhatsApp is not stopped", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("on its way", "hang");
  const { zaapId } = await rig.enqueue({ instanceId: one, outgoing: text("on its way") });
  await rig.time.until(() => rig.sender.inFlight() === 1);
  const now = rig.time.clock.now();
  expect(await rig.worker.controls.cancel({ instanceId: one, zaapId, now })).toBe("sending");
  expect(await rig.worker.controls.cancel({ instanceId: one, zaapId: "unknown", now })).toBe("gone");
});

test("cancel: the head that waits for its retry makes way at once", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("bad", transient, transient, transient, transient);
  const { zaapId } = await rig.enqueue({ instanceId: one, outgoing: text("bad") });
  await rig.time.until(() => rig.words().length === 4);
  await rig.say("next");
  await rig.time.settle();
  expect(rig.words()).toHaveLength(4);
  const now = rig.time.clock.now();
  await rig.worker.controls.cancel({ instanceId: one, zaapId, now });
  await rig.time.settle();
  expect(rig.words().at(-1)).toBe("next");
  expect(rig.time.clock.now()).toBe(now);
});

test("purge: takes the one that paces, too", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { pace: { minMs: 2_000, maxMs: 2_000 } } });
  await rig.say("sent before");
  await rig.drained();
  await rig.say("a", "b", "c");
  await rig.time.settle();
  expect(await rig.worker.controls.purge({ instanceId: one, now: rig.time.clock.now() })).toBe(3);
  await rig.drained();
  expect(rig.words()).toEqual(["sent before"]);
  expect(await rig.worker.controls.purge({ instanceId: one, now: rig.time.clock.now() })).toBe(0);
});

test("requeue: a failed message goes out again with fresh attempts", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { maxRetries: 0 } });
  rig.sender.script("bad", transient);
  const { zaapId } = await rig.enqueue({ instanceId: one, outgoing: text("bad") });
  await rig.drained();
  const now = rig.time.clock.now();
  expect(await rig.worker.controls.requeueFailed({ instanceId: one, zaapId, now })).toBe(1);
  await rig.drained();
  expect(await store.queue.get({ instanceId: one, zaapId })).toMatchObject({ state: "sent" });
  expect(new Set(rig.sender.sent.map(({ messageId }) => messageId)).size).toBe(1);
});

test("drain: nothing new is claimed, what types is let go, what is in flight is waited for", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  let finish = (): void => {};
  rig.sender.during(() => new Promise((resolve) => (finish = resolve)));
  await rig.say("in flight", "behind it");
  await rig.time.until(() => rig.sender.inFlight() === 1);
  const patience = new AbortController();
  let drained: readonly string[] | undefined;
  const draining = rig.worker.drain(patience.signal).then((left) => (drained = left));
  await rig.time.settle();
  expect(drained).toBeUndefined();
  expect(rig.worker.isDraining()).toBe(true);
  await expect(rig.enqueue({ instanceId: one, outgoing: text("too late") })).rejects.toMatchObject({
    code: "shutting_down",
  });
  finish();
  await draining;
  expect(drained).toEqual([]);
  expect(rig.words()).toEqual(["in flight"]);
  expect(await store.queue.count({ instanceId: one, states: ["queued"] })).toBe(1);
  expect(await store.queue.count({ instanceId: one, states: ["sent"] })).toBe(1);
});

test("drain: a message that types is back in the line for the successor, without an attempt", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  await rig.enqueue({ instanceId: one, outgoing: text("typed"), typingMs: 15_000 });
  await rig.time.until(() => rig.sender.typed.length === 1);
  expect(await rig.worker.drain(new AbortController().signal)).toEqual([]);
  expect(await store.queue.list({ instanceId: one, states: ["queued"], limit: 1 })).toMatchObject([{ attempts: 0 }]);
  expect(rig.sender.sent).toEqual([]);
});

test("drain: names who is still sending when patience ends; disposing aborts the send and frees the message", async () => {
  await using store = await openQueueStore();
  const rig = startRig(store);
  rig.sender.script("hangs", "hang");
  await rig.say("hangs");
  await rig.time.until(() => rig.sender.inFlight() === 1);
  expect(await rig.worker.drain(AbortSignal.abort())).toEqual([one]);
  await rig.worker[Symbol.asyncDispose]();
  const [row] = await store.queue.list({ instanceId: one, states: ["queued"], limit: 1 });
  expect(row).toMatchObject({ attempts: 0, messageId: rig.sender.sent[0]!.messageId });
});
