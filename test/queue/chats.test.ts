import { expect, test } from "vitest";
import { one, restricted, startRig, text, transient, tooMuch, type QueueRig } from "./support.ts";
import { openQueueStore } from "./store.ts";

const [anna, bela, carl] = ["5511900000001", "5511900000002", "5511900000003"].map(
  (phone) => `${phone}@s.whatsapp.net`,
) as [string, string, string];

const say = async (rig: QueueRig, ...messages: readonly (readonly [to: string, words: string])[]) => {
  for (const [to, words] of messages) await rig.enqueue({ instanceId: one, outgoing: text(words, to) });
};
const timesOf = (rig: QueueRig) => rig.sender.sent.map(({ words, at }) => `${words} at ${at}`);

test("one contact refused: a text to another leaves at once, and each chat keeps its order over a restart", async () => {
  await using store = await openQueueStore();
  const former = startRig(store);
  former.sender.script("anna 1", restricted);
  await say(former, [anna, "anna 1"], [bela, "bela 1"], [anna, "anna 2"], [bela, "bela 2"]);
  await former.time.until(() => former.sender.sent.length === 3);
  expect(timesOf(former)).toEqual(["anna 1 at 0", "bela 1 at 0", "bela 2 at 0"]);
  await former.worker[Symbol.asyncDispose]();
  await using rig = startRig(store, { time: former.time });
  await say(rig, [bela, "bela 3"], [anna, "anna 3"]);
  await rig.drained();
  expect(timesOf(rig)).toEqual(["bela 3 at 0", "anna 1 at 75000", "anna 2 at 75000", "anna 3 at 75000"]);
});

test.each([
  ["a look-up that nobody answers", transient, 1_000],
  ["too much sent", tooMuch, 15_000],
])("%s holds up its own chat only", async (_name, answer, waitMs) => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("anna 1", answer);
  await say(rig, [anna, "anna 1"], [anna, "anna 2"], [bela, "bela 1"]);
  await rig.drained();
  expect(timesOf(rig)).toEqual(["anna 1 at 0", "bela 1 at 0", `anna 1 at ${waitMs}`, `anna 2 at ${waitMs}`]);
});

test("own delay: others do not wait for it, and several of them keep their distances", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  for (const [to, words] of [
    [anna, "anna 1"],
    [bela, "bela 1"],
  ] as const) {
    await rig.enqueue({ instanceId: one, outgoing: text(words, to), delayMs: 5_000 });
  }
  await say(rig, [anna, "anna 2"], [carl, "carl 1"]);
  await rig.drained();
  expect(timesOf(rig)).toEqual(["carl 1 at 0", "anna 1 at 5000", "anna 2 at 5000", "bela 1 at 10000"]);
  expect(await store.queue.list({ instanceId: one, states: ["sent"], limit: 9 })).toMatchObject([
    { attempts: 0 },
    { attempts: 0 },
    { attempts: 0 },
    { attempts: 0 },
  ]);
});

test("nobody answers anything: two chats find out, the others keep their tries", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.always(transient);
  const many = Array.from({ length: 6 }, (_, n) => [`${n}@s.whatsapp.net`, `${n}`] as const);
  await say(rig, ...many);
  await rig.time.until(() => rig.words().filter((words) => words === "2").length === 2);
  // The two used up their tries, which opened the breaker; the third is its probe.
  expect(await store.queue.count({ instanceId: one, states: ["failed"] })).toBe(2);
  expect(new Set(rig.words())).toEqual(new Set(["0", "1", "2"]));
  rig.sender.always({ outcome: "acked", at: 1, chatId: anna, senderId: bela, type: "text", proto: Buffer.from("x") });
  await rig.drained();
  expect(rig.words().slice(-4)).toEqual(["2", "3", "4", "5"]);
});

test("restriction: new chats wait for its end without a try and without an attempt, all others pass", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.hold(anna, 3_600_000);
  await say(rig, [anna, "anna 1"], [bela, "bela 1"], [anna, "anna 2"]);
  await rig.time.until(() => rig.sender.sent.length === 1);
  await rig.time.settle();
  const [held, behind] = await store.queue.list({ instanceId: one, states: ["queued"], limit: 9 });
  const until = new Date(rig.time.clock.now() + 3_600_000).toISOString();
  expect(held).toMatchObject({
    attempts: 0,
    waitsFor: "restriction",
    lastError: `send_restricted: WhatsApp restricts new conversations of this account until ${until}`,
  });
  // A part of a minute later, so that not all of them begin at once.
  expect(held!.dueAt - rig.time.clock.now()).toBe(3_630_000);
  expect(behind).toMatchObject({ attempts: 0 });
  await rig.drained();
  expect(timesOf(rig)).toEqual(["bela 1 at 0", "anna 1 at 3630000", "anna 2 at 3630000"]);
});

test("restriction without an end: its row says so, and it is looked at again when the sender says", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.hold(anna, 60_000, "restriction", false);
  await say(rig, [anna, "anna 1"]);
  await rig.time.settle(20);
  const [held] = await store.queue.list({ instanceId: one, states: ["queued"], limit: 9 });
  expect(held).toMatchObject({
    waitsFor: "restriction",
    lastError: "send_restricted: WhatsApp restricts new conversations of this account, and names no end",
  });
  expect(held!.dueAt - rig.time.clock.now()).toBe(90_000);
});

test("restriction: lifted early, what waits for it leaves at once", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.hold(anna, 3_600_000);
  await say(rig, [anna, "anna 1"]);
  await rig.time.settle(20);
  rig.sender.hold(anna, undefined);
  const input = { instanceId: one, waitsFor: "restriction" as const, now: rig.time.clock.now() };
  expect(await rig.worker.controls.release(input)).toBe(1);
  await rig.time.settle(20);
  expect(timesOf(rig)).toEqual(["anna 1 at 0"]);
});

test("restriction: what was refused is held until the end that WhatsApp names, however often it is refused", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  const start = rig.time.clock.now();
  rig.sender.script("anna 1", { ...restricted, until: start + 600_000 }, { ...restricted, until: start + 900_000 });
  await say(rig, [anna, "anna 1"]);
  await rig.drained();
  expect(timesOf(rig)).toEqual(["anna 1 at 0", "anna 1 at 630000", "anna 1 at 930000"]);
  expect(await store.queue.list({ instanceId: one, states: ["sent"], limit: 9 })).toMatchObject([{ attempts: 0 }]);
});

test("restriction: a chat that was refused just now is left alone, with no word about the account", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.hold(anna, 60_000, "pause");
  await say(rig, [anna, "anna 1"]);
  await rig.time.settle(20);
  const [held] = await store.queue.list({ instanceId: one, states: ["queued"], limit: 9 });
  expect(held?.waitsFor).toBeUndefined();
  expect(held?.lastError).toBeUndefined();
  await rig.drained();
  expect(timesOf(rig)).toEqual(["anna 1 at 60000"]);
});

test("both names of a person are one chat", async () => {
  await using store = await openQueueStore();
  await store.directory.putPairs({ instanceId: one, pairs: [{ lid: "77", phone: "5511900000001" }] });
  await using rig = startRig(store);
  rig.sender.script("by number", transient);
  await say(rig, [anna, "by number"], ["77@lid", "by LID"]);
  await rig.drained();
  expect(rig.words()).toEqual(["by number", "by number", "by LID"]);
});
