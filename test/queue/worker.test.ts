import { expect, test } from "vitest";
import {
  acked,
  disconnected,
  instanceOf,
  one,
  refused,
  startRig,
  text,
  timedOut,
  tooMuch,
  transient,
  two,
} from "./support.ts";
import { openQueueStore } from "./store.ts";

test("worker: sends in the order of acceptance, one at a time, and stores what was sent with its event", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  let most = 0;
  rig.sender.during(() => void (most = Math.max(most, rig.sender.inFlight())));
  await rig.say("a", "b", "c", "d");
  await rig.drained();
  expect(rig.words()).toEqual(["a", "b", "c", "d"]);
  expect(most).toBe(1);
  expect(rig.outcomes.map(({ outcome }) => outcome)).toEqual(["sent", "sent", "sent", "sent"]);
  const rows = await store.queue.list({ instanceId: one, states: ["sent"], limit: 10 });
  expect(rows.map((row) => row.messageId)).toEqual(rig.sender.sent.map((sent) => sent.messageId));
  const events = await store.deliveryEvents(one);
  expect(events).toMatchObject(
    rows.map(({ zaapId, messageId }) => ({
      kind: "delivery",
      zaapId,
      messageId,
      chat: { chatId: "5511999990000@s.whatsapp.net", phone: "5511999990000" },
    })),
  );
  expect(events[0]).not.toHaveProperty("error");
  expect(await store.storedProto(one, rows[0]!.messageId)).toEqual(Buffer.from(rows[0]!.messageId));
});

test("worker: two instances do not wait for each other", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("slow", "hang");
  await rig.say("slow");
  await rig.enqueue({ instanceId: two, outgoing: text("quick") });
  await rig.drained(two);
  expect(rig.words()).toEqual(["slow", "quick"]);
});

test("worker: a backlog of a former process leaves without being asked", async () => {
  await using store = await openQueueStore();
  const former = startRig(store);
  former.sender.close(one);
  await former.say("left behind");
  await former.worker[Symbol.asyncDispose]();
  await using rig = startRig(store, { time: former.time });
  await rig.drained();
  expect(rig.words()).toEqual(["left behind"]);
});

test("pace: counts from the end of the last send; the message's own wait goes before the random one", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { pace: { minMs: 1_000, maxMs: 3_000 } } });
  rig.sender.during(() => rig.time.advance(100));
  await rig.say("first", "after the random wait");
  await rig.enqueue({ instanceId: one, outgoing: text("after its own wait"), delayMs: 5_000 });
  await rig.drained();
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([0, 100 + 2_000, 2_200 + 5_000]);
});

test("pace: a message with its own wait has it from its acceptance too, whatever was sent before", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  await rig.enqueue({ instanceId: one, outgoing: text("the first of a process"), delayMs: 5_000 });
  await rig.drained();
  rig.time.advance(60_000);
  await rig.enqueue({ instanceId: one, outgoing: text("behind a long pause"), delayMs: 4_000 });
  await rig.drained();
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([5_000, 69_000]);
});

test("pace: a restart neither forgets a message's own wait nor begins it anew", async () => {
  await using store = await openQueueStore();
  const former = startRig(store);
  former.sender.close(one);
  await former.enqueue({ instanceId: one, outgoing: text("waited for"), delayMs: 5_000 });
  await former.worker[Symbol.asyncDispose]();
  former.time.advance(3_000);
  await using rig = startRig(store, { time: former.time });
  await rig.drained();
  // Counted from the start of this process.
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([2_000]);
});

test("typing: is shown, repeated before it fades, and taken back", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  await rig.enqueue({ instanceId: one, outgoing: text("typed"), typingMs: 10_000 });
  await rig.enqueue({ instanceId: one, outgoing: text("a story", "status@broadcast"), typingMs: 10_000 });
  await rig.drained();
  expect(rig.sender.typed).toEqual([
    { state: "composing", at: 0 },
    { state: "composing", at: 8_000 },
    { state: "paused", at: 10_000 },
  ]);
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([10_000, 10_000]);
});

test.each([
  ["audio", "recording"],
  ["ptv", "recording"],
  ["video", "composing"],
] as const)("typing: before %s it is %s", async (kind, state) => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  const outgoing = { ...text(""), content: { kind, file: { url: "https://files.example/a" } } };
  await rig.enqueue({ instanceId: one, outgoing, typingMs: 2_000 });
  await rig.drained();
  expect(rig.sender.typed).toEqual([
    { state, at: 0 },
    { state: "paused", at: 2_000 },
  ]);
});

test("scheduled: waits for its time and holds up nobody", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  const start = rig.time.clock.now();
  await rig.enqueue({ instanceId: one, outgoing: text("later"), scheduledAt: start + 3_700 });
  await rig.enqueue({ instanceId: two, outgoing: text("soon"), scheduledAt: start + 700 });
  await rig.say("now");
  await rig.drained();
  expect(rig.sender.sent).toMatchObject([
    { words: "now", at: 0 },
    { words: "soon", at: 700 },
    { words: "later", at: 3_700 },
  ]);
});

test("transient: retried after 1, 2, 4, 8 and 16 s under the same id, nobody overtakes, then given up", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("bad", ...Array.from({ length: 6 }, () => transient));
  await rig.say("bad", "good");
  await rig.drained();
  const tries = rig.sender.sent.filter(({ words }) => words === "bad");
  expect(tries.map(({ at }) => at)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000]);
  expect(new Set(tries.map(({ messageId }) => messageId)).size).toBe(1);
  expect(rig.words().at(-1)).toBe("good");
  const [failed] = await store.queue.list({ instanceId: one, states: ["failed"], limit: 1 });
  expect(failed).toMatchObject({ lastError: "send_failed: socket hung up" });
  expect(await store.deliveryEvents(one)).toMatchObject([
    { error: "socket hung up", errorCode: "send_failed" },
    { messageId: rig.sender.sent.at(-1)!.messageId },
  ]);
});

test("refused: given up at once with the customer's text, and the next one goes", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("nobody", refused);
  await rig.say("nobody", "somebody");
  await rig.drained();
  expect(rig.words()).toEqual(["nobody", "somebody"]);
  expect((await store.deliveryEvents(one))[0]).toMatchObject({
    error: "Phone number does not exist",
    errorCode: "number_not_on_whatsapp",
  });
});

test("too much: waits longer, goes when WhatsApp allows it", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("one of many", tooMuch, tooMuch);
  await rig.say("one of many");
  await rig.drained();
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([0, 15_000, 45_000]);
});

test("timeout: once more under the same id, then given up", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("silence", timedOut, timedOut);
  rig.sender.script("late ack", timedOut);
  await rig.say("silence", "late ack");
  await rig.drained();
  expect(rig.words()).toEqual(["silence", "silence", "late ack", "late ack"]);
  expect(new Set(rig.sender.sent.map(({ messageId }) => messageId)).size).toBe(2);
  expect(await store.deliveryEvents(one)).toMatchObject([{ error: "Timeout on send message" }, {}]);
});

test("disconnected: waiting is no attempt, and the line goes on in order when the session is back", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("first", disconnected);
  rig.sender.during(() => rig.sender.close(one));
  await rig.say("first", "second");
  await rig.time.until(() => rig.sender.sent.length === 1 && rig.sender.inFlight() === 0);
  rig.time.advance(3_600_000);
  await rig.time.settle();
  expect(rig.words()).toEqual(["first"]);
  expect(await store.queue.list({ instanceId: one, states: ["queued"], limit: 2 })).toMatchObject([
    { attempts: 0 },
    { attempts: 0 },
  ]);
  rig.sender.during(() => {});
  rig.sender.open(one);
  await rig.drained();
  expect(rig.words()).toEqual(["first", "first", "second"]);
});

test("disconnected while typing: the message is let go at once and typed again later", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  await rig.enqueue({ instanceId: one, outgoing: text("typed"), typingMs: 5_000 });
  await rig.time.until(() => rig.sender.typed.length === 1);
  rig.sender.close(one);
  rig.worker.connectionChanged(one);
  await rig.time.settle();
  expect(await store.queue.list({ instanceId: one, states: ["queued"], limit: 1 })).toMatchObject([{ attempts: 0 }]);
  rig.sender.open(one);
  rig.worker.connectionChanged(one);
  await rig.drained();
  expect(rig.sender.typed.map(({ state }) => state)).toEqual(["composing", "paused", "composing", "paused"]);
  expect(rig.words()).toEqual(["typed"]);
});

test("disconnected: a session that says open and disconnected at once does not make the worker spin", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.script("x", disconnected, disconnected, disconnected);
  await rig.say("x");
  await rig.drained();
  expect(rig.sender.sent.map(({ at }) => at)).toEqual([0, 250, 500, 750]);
});

test("breaker: after two messages in a row nothing is lost, one probe after the other, and it closes again", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.always(transient);
  await rig.say("a", "b", "c", "d");
  await rig.time.until(() => rig.words().filter((words) => words === "c").length === 3);
  expect(await store.queue.count({ instanceId: one, states: ["failed"] })).toBe(2);
  const probes = rig.sender.sent.filter(({ words }) => words === "c").map(({ at }) => at);
  expect(probes[1]! - probes[0]!).toBeGreaterThanOrEqual(30_000);
  expect(probes[2]! - probes[1]!).toBeGreaterThanOrEqual(60_000);
  rig.sender.always(acked());
  await rig.drained();
  expect(rig.words().slice(-2)).toEqual(["c", "d"]);
  expect(await store.queue.count({ instanceId: one, states: ["sent"] })).toBe(2);
});

test("breaker: a new connection is a reason to try at once", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  rig.sender.always(transient);
  await rig.say("a", "b", "c");
  await rig.time.until(() => rig.words().filter((words) => words === "c").length === 2);
  rig.sender.always(acked());
  const before = rig.time.clock.now();
  rig.worker.connectionChanged(one);
  await rig.time.until(async () => (await store.queue.count({ instanceId: one, states: ["sent"] })) === 1);
  // Its own backoff is over soon; the minutes of the breaker are not waited for.
  expect(rig.time.clock.now() - before).toBeLessThan(10_000);
});

test("breaker: a poison message does not hold the line for ever", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { maxProbes: 3 } });
  for (const words of ["a", "b", "poison"]) rig.sender.script(words, ...Array.from({ length: 30 }, () => transient));
  await rig.say("a", "b", "poison", "fine");
  await rig.drained();
  expect(rig.words().filter((words) => words === "poison")).toHaveLength(4);
  expect(rig.words().at(-1)).toBe("fine");
});

test("a sender that throws costs its message a try, not the lane", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store);
  let thrown = false;
  rig.sender.during(() => {
    if (thrown) return;
    thrown = true;
    throw new Error("a bug");
  });
  await rig.say("a", "b");
  await rig.drained();
  expect(rig.words()).toEqual(["a", "a", "b"]);
  expect(rig.logged.map(({ message }) => message)).toContain("sender threw");
});

test("claim: renewed while a send takes long; when it is lost nothing is written", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { leaseMs: 3_000 } });
  rig.sender.script("long", "hang");
  await rig.say("long");
  await rig.time.until(() => rig.sender.inFlight() === 1);
  const stranger = { instanceId: one, owner: "stranger", leaseMs: 60_000 };
  for (let renewals = 0; renewals < 5; renewals += 1) {
    rig.time.advance(1_000);
    await rig.time.settle();
  }
  expect(await store.queue.claim({ ...stranger, now: rig.time.clock.now() })).toBeUndefined();
  // The machine sleeps past the lease, somebody else takes over, and then the renewal comes too late.
  const stolen = await store.queue.claim({ ...stranger, now: rig.time.clock.now() + 3_001 });
  expect(stolen).toMatchObject({ state: "sending", attempts: 0 });
  rig.time.advance(1_000);
  await rig.time.until(() => rig.outcomes.length > 0);
  expect(rig.outcomes).toMatchObject([{ outcome: "lost" }]);
  expect(await store.queue.settle({ claim: stolen!, outcome: "sent", events: [], now: 1 })).toBe(true);
});

test("claim: of a process that died is taken again after its lease, under the same message id", async () => {
  await using store = await openQueueStore();
  await using crashed = startRig(store, { options: { owner: "dead" } });
  crashed.sender.script("on its way", "hang");
  await crashed.say("on its way", "behind it");
  await crashed.time.until(() => crashed.sender.inFlight() === 1);
  // Nothing of the dead process runs any more; its row stays as it was.
  const later = crashed.time.clock.now() + 30_001;
  const claim = await store.queue.claim({ instanceId: one, owner: "heir", leaseMs: 1_000, now: later });
  expect(claim).toMatchObject({ attempts: 0, messageId: crashed.sender.sent[0]!.messageId });
});

test("storage: what WhatsApp has taken is written as soon as the database can be written again", async () => {
  await using store = await openQueueStore();
  let broken = 3;
  const queue = {
    ...store.queue,
    settle: async (input: Parameters<typeof store.queue.settle>[0]) => {
      broken -= 1;
      if (broken >= 0) throw new Error("disk full");
      return await store.queue.settle(input);
    },
  };
  await using rig = startRig(store, { deps: { queue } });
  await rig.say("a", "b");
  await rig.drained();
  expect(rig.words()).toEqual(["a", "b"]);
  expect(await store.queue.count({ instanceId: one, states: ["sent"] })).toBe(2);
});

test("storage: a lane that cannot claim tries again", async () => {
  await using store = await openQueueStore();
  let broken = 2;
  const queue = {
    ...store.queue,
    claim: async (input: Parameters<typeof store.queue.claim>[0]) => {
      broken -= 1;
      if (broken >= 0) throw new Error("disk full");
      return await store.queue.claim(input);
    },
  };
  await using rig = startRig(store, { deps: { queue } });
  await rig.say("a");
  await rig.drained();
  expect(rig.words()).toEqual(["a"]);
  expect(rig.logged.map(({ message }) => message)).toContain("queue lane failed");
});

test("lanes: more instances than places all get their turn, and those offline take none", async () => {
  await using store = await openQueueStore();
  await using rig = startRig(store, { options: { maxLanes: 1 } });
  rig.sender.close(one);
  await rig.say("offline");
  await rig.time.settle();
  await rig.enqueue({ instanceId: two, outgoing: text("online") });
  await rig.drained(two);
  expect(rig.words()).toEqual(["online"]);
  rig.sender.open(one);
  await rig.drained();
  expect(rig.words()).toEqual(["online", "offline"]);
});

test("echo: the events of a message go with its end; when they cannot be made the message is sent all the same", async () => {
  await using store = await openQueueStore({ instances: [instanceOf(one)] });
  await using rig = startRig(store, {
    deps: {
      echo: async ({ message }) => {
        if (message.outgoing.content.kind === "text" && message.outgoing.content.text === "bad") throw new Error("bug");
        return [{ kind: "connected", phone: "1", at: 1 }];
      },
    },
  });
  await rig.say("good");
  await rig.drained();
  expect(await store.deliveryEvents(one)).toMatchObject([{ kind: "delivery" }, { kind: "connected" }]);
  await rig.say("bad");
  await rig.drained();
  expect(await store.queue.count({ instanceId: one, states: ["sent"] })).toBe(2);
});
