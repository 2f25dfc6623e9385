import { expect, test } from "vitest";
import { instanceOf, one, startRig, text } from "./support.ts";
import { openQueueStore } from "./store.ts";

test("enqueue: the row is there when it answers, with the ids it answers", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.close(one);
  const answer = await rig.enqueue({ instanceId: one, outgoing: text("hello"), delayMs: 2_000, typingMs: 3_000 });
  expect(answer).toMatchObject({ created: true, messageId: expect.stringMatching(/^3EB0[0-9A-F]{18}$/) });
  expect(await store.queue.get({ instanceId: one, zaapId: answer.zaapId })).toMatchObject({
    messageId: answer.messageId,
    outgoing: text("hello"),
    state: "queued",
    delayMs: 2_000,
    typingMs: 3_000,
  });
});

test("enqueue: a message id the caller had to know is kept", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  const answer = await rig.enqueue({ instanceId: one, outgoing: text("hello"), messageId: "3EB0MINE" });
  await rig.drained();
  expect([answer.messageId, rig.sender.sent[0]?.messageId]).toEqual(["3EB0MINE", "3EB0MINE"]);
});

test("enqueue: an idempotency key answers the first message, and refuses another one", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  const send = (words: string, more: object = {}) =>
    rig.enqueue({ instanceId: one, outgoing: text(words), idempotencyKey: "key", ...more });
  const first = await send("hello");
  await rig.drained();
  expect(await send("hello")).toEqual({ ...first, created: false });
  await expect(send("another")).rejects.toMatchObject({ code: "idempotency_conflict" });
  await expect(send("hello", { typingMs: 1_000 })).rejects.toMatchObject({ code: "idempotency_conflict" });
  await expect(send("hello", { requestHash: "of the route" })).rejects.toMatchObject({ code: "idempotency_conflict" });
  await rig.drained();
  expect(rig.words()).toEqual(["hello"]);
});

test("enqueue: while disconnected the limit holds, connected it does not", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { enqueueOptions: { maxWaitingOffline: 3 } });
  rig.sender.close(one);
  await rig.say("a", "b", "c");
  await expect(rig.say("d")).rejects.toMatchObject({ code: "queue_full" });
  rig.sender.always("hang");
  rig.sender.open(one);
  await rig.say("d", "e");
});

test("enqueue: an instance that keeps nothing while disconnected refuses", async () => {
  await using store = await openQueueStore({ instances: [instanceOf(one, { disableEnqueueWhenDisconnected: true })] });
  await using rig = startRig(store);
  await rig.say("connected");
  rig.sender.close(one);
  await expect(rig.say("disconnected")).rejects.toMatchObject({ code: "not_connected" });
});

test("enqueue: an unknown instance is refused", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.close("F".repeat(32));
  await expect(rig.enqueue({ instanceId: "F".repeat(32), outgoing: text("x") })).rejects.toMatchObject({
    code: "instance_not_found",
  });
});

test("enqueue: a sleeping worker sends within the same turns of the event loop", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  await rig.time.settle();
  const before = rig.time.clock.now();
  await rig.say("at once");
  await rig.time.settle();
  expect(rig.words()).toEqual(["at once"]);
  expect(rig.time.clock.now()).toBe(before);
});
