import { EventEmitter } from "node:events";
import type { ReachoutTimelockState } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, expect, it } from "vitest";
import { restrictionOf } from "#domain/chat-limits.ts";
import { defaultInstanceSettings } from "#domain/instance.ts";
import type { SendResult } from "#domain/session.ts";
import { silentLog } from "#lib/log.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import type { Store } from "#store/store.ts";
import { createNewChats } from "#whatsapp/restriction/new-chats.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { openTestStore } from "../support/store.ts";

const instanceId = "I";
const minute = 60_000;
const outgoing = {
  to: "5531955554444@s.whatsapp.net",
  content: { kind: "text", text: "hello" },
  options: {},
} as const;

let store: Store;
let time: FakeTime;
let answer: () => ReachoutTimelockState;
let quota: () => object;
let asked: number;
let failing: "before" | "after" | undefined;

beforeEach(async () => {
  store = await openTestStore();
  time = createFakeTime();
  asked = 0;
  failing = undefined;
  answer = () => {
    throw new Error("asked too early");
  };
  quota = () => ({ capping_status: "NONE" });
  const instance = {
    id: instanceId,
    name: "one",
    token: "t".repeat(40),
    settings: defaultInstanceSettings,
    connection: { state: "connected", at: 0 },
    hooks: {},
    furtherHooks: [],
    subscription: { state: "active" },
    webhookSecrets: [],
    createdAt: 0,
    updatedAt: 0,
  } as const;
  await store.instances.create({ instance });
});
afterEach(() => store[Symbol.asyncDispose]());

/** What one process knows, on a connection of its own. */
function startProcess() {
  const news = {
    eventsOf: async (id: string, captured: Parameters<typeof toNewEvent>[0]) => {
      const instance = await store.instances.get({ instanceId: id });
      return instance === undefined ? [] : [toNewEvent(captured, instance)];
    },
    stored: () => {},
  };
  const chatLimits: typeof store.chatLimits = {
    get: (input) => store.chatLimits.get(input),
    put: async (input) => {
      if (failing === "before") throw new Error("disk full");
      await store.chatLimits.put(input);
      if (failing === "after") throw new Error("connection lost");
    },
  };
  const { clock, sleep } = time;
  const chats = createNewChats({ ...store, chatLimits, newChatsNews: news, clock, sleep, log: silentLog });
  const stop = new AbortController();
  const sock = {
    ev: new EventEmitter(),
    ws: new EventEmitter(),
    authState: { keys: { get: () => Promise.resolve({}) } },
    fetchAccountReachoutTimelock: () => {
      asked += 1;
      return Promise.resolve().then(answer);
    },
    fetchNewChatMessageCap: () => Promise.resolve().then(quota),
  } as unknown as Parameters<typeof chats.watch>[1];
  chats.watch(instanceId, sock, stop.signal);
  const lockTold = (told: object): void => {
    const content = Buffer.from(JSON.stringify({ data: { xwa2_notify_account_reachout_timelock: told } }));
    const update = { tag: "update", attrs: { op_name: "NotificationUserReachoutTimelockUpdate" }, content };
    sock.ws.emit("CB:notification,type:mex", { tag: "notification", attrs: { type: "mex" }, content: [update] });
  };
  return {
    chats,
    lockTold,
    quotaTold: (told: object) => sock.ev.emit("message-capping.update", told),
    opened: () => void sock.ev.emit("connection.update", { connection: "open" }),
    holds: () => chats.holds({ instanceId, outgoing }, sock),
    explained: (result: SendResult) => chats.explained({ instanceId, outgoing, result, hasAsked: asked > 0 }, sock),
    stop: () => stop.abort(),
  };
}

const seconds = (ms: number): string => String((time.clock.now() + ms) / 1000);
const afterMs = (ms: number) => ({ isActive: true, timeEnforcementEnds: new Date(time.clock.now() + ms) });
/** What customers were told, oldest first. */
const told = async (): Promise<unknown[]> =>
  (await store.events.list({ instanceId, limit: 99 }))
    .toReversed()
    .map((event) => (JSON.parse(event.captured) as { restriction?: unknown }).restriction ?? "open");
const shown = async (chats: ReturnType<typeof createNewChats>) =>
  restrictionOf(await chats.limits(instanceId), time.clock.now());

it("a lock that runs out is over when WhatsApp says so; until then nothing is tried, and its silence frees nobody", async () => {
  const { lockTold, holds } = startProcess();
  lockTold({ is_active: true, time_enforcement_ends: seconds(minute), enforcement_type: "BIZ_QUALITY" });
  const endsAt = time.clock.now() + minute;
  await expect.poll(holds).toEqual({ until: endsAt, endsAt, reason: "restriction" });
  time.advance(minute + 1);
  answer = () => afterMs(minute);
  const again = time.clock.now() + minute;
  expect([await holds(), asked]).toEqual([{ until: again, endsAt: again, reason: "restriction" }, 1]);
  expect([await holds(), asked]).toMatchObject([{ reason: "restriction" }, 1]);
  time.advance(minute + 1);
  answer = () => {
    throw new Error("no answer");
  };
  // Nobody knows of an end now, and none is made up.
  expect([await holds(), asked]).toEqual([{ until: time.clock.now() + minute, reason: "restriction" }, 2]);
  time.advance(minute + 1);
  answer = () => ({ isActive: false });
  expect([await holds(), asked]).toEqual([undefined, 3]);
  expect([await holds(), asked]).toEqual([undefined, 3]);
  expect(await store.chatLimits.get({ instanceId })).toEqual({});
});

it("an end is looked at by itself: customers hear of begin, other end and end, each once", async () => {
  const one = startProcess();
  one.opened();
  await time.settle();
  const begun = { kind: "BIZ_QUALITY", until: time.clock.now() + minute };
  const notice = { is_active: true, time_enforcement_ends: seconds(minute), enforcement_type: "BIZ_QUALITY" };
  // WhatsApp repeats itself.
  one.lockTold(notice);
  one.lockTold(notice);
  await expect.poll(told).toEqual([begun]);
  expect(await shown(one.chats)).toEqual(begun);
  answer = () => afterMs(2 * minute);
  await time.until(() => asked === 1);
  const longer = { kind: "DEFAULT", until: expect.any(Number) };
  await expect.poll(told).toEqual([begun, longer]);
  answer = () => ({ isActive: false });
  await time.until(async () => (await told()).length === 3);
  expect([await told(), asked]).toEqual([[begun, longer, "open"], 2]);
  await time.settle();
  expect(await store.chatLimits.get({ instanceId })).toEqual({});
});

it("a lock without an end: none is shown, Baileys' invented minute neither; it is asked about again and again", async () => {
  const one = startProcess();
  one.opened();
  await time.settle();
  one.lockTold({ is_active: true });
  await expect.poll(told).toEqual([{ kind: "DEFAULT" }]);
  expect(await shown(one.chats)).toEqual({ kind: "DEFAULT" });
  expect(await one.holds()).toEqual({ until: time.clock.now() + minute, reason: "restriction" });
  answer = () => ({ isActive: true });
  time.advance(minute + 1);
  // A message that waits has it asked after a minute; where none does, WhatsApp is left alone for longer.
  expect([await one.holds(), asked]).toEqual([{ until: time.clock.now() + minute, reason: "restriction" }, 1]);
  const before = time.clock.now();
  await time.until(() => asked === 2);
  expect(time.clock.now() - before).toBeGreaterThan(9 * minute);
  expect(await told()).toEqual([{ kind: "DEFAULT" }]);
  one.lockTold({ is_active: false });
  await expect.poll(told).toEqual([{ kind: "DEFAULT" }, "open"]);
  expect([await one.holds(), await shown(one.chats)]).toEqual([undefined, undefined]);
});

it("the quota used up is told with the end of its cycle, and that this is over", async () => {
  const one = startProcess();
  one.opened();
  await time.settle();
  one.quotaTold({ capping_status: "CAPPED", total_quota: 5, used_quota: 5, cycle_end_timestamp: seconds(minute) });
  const capped = { kind: "CAPPED", until: time.clock.now() + minute };
  await expect.poll(told).toEqual([capped]);
  quota = () => {
    throw new Error("no answer");
  };
  await time.until(async () => (await told()).length === 2);
  expect(await told()).toEqual([capped, "open"]);
});

it("a lock that could not be stored outlives a new connection", async () => {
  const one = startProcess();
  failing = "before";
  one.lockTold({ is_active: true });
  await expect.poll(one.holds).toMatchObject({ reason: "restriction" });
  answer = () => {
    throw new Error("no answer");
  };
  one.opened();
  await expect.poll(() => asked).toBe(1);
  expect(await one.holds()).toMatchObject({ reason: "restriction" });
  one.stop();
});

it("over a crash, a full disk and another process: every change is told, none twice", async () => {
  const one = startProcess();
  failing = "before";
  one.lockTold({ is_active: true });
  await expect.poll(one.holds).toMatchObject({ reason: "restriction" });
  expect(await told()).toEqual([]);
  // It holds all the same; the next word of it tells it.
  failing = undefined;
  one.lockTold({ is_active: true });
  await expect.poll(told).toEqual([{ kind: "DEFAULT" }]);
  failing = "after";
  one.lockTold({ is_active: true, enforcement_type: "BIZ_QUALITY" });
  await expect.poll(told).toEqual([{ kind: "DEFAULT" }, { kind: "BIZ_QUALITY" }]);
  failing = undefined;
  one.lockTold({ is_active: true, enforcement_type: "BIZ_QUALITY" });
  await time.settle();
  expect(await told()).toHaveLength(2);
  time.advance(1);
  one.lockTold({ is_active: true });
  await expect.poll(told).toHaveLength(3);
  one.stop();
  answer = () => ({ isActive: true });
  const two = startProcess();
  two.opened();
  await expect.poll(() => asked).toBe(1);
  await time.settle();
  expect(await told()).toHaveLength(3);
  answer = () => ({ isActive: false });
  const three = startProcess();
  three.opened();
  await expect.poll(async () => (await told()).slice(3)).toEqual(["open"]);
  // The second process has the account again: it knows what the third one told.
  two.opened();
  await time.settle();
  expect(await told()).toHaveLength(4);
});

it("a refusal is explained with the end that WhatsApp names, or without one; one question is enough", async () => {
  const one = startProcess();
  const refused = { outcome: "rejected", kind: "restricted", error: "no", code: 463 } as const;
  answer = () => ({ isActive: true });
  expect(await one.explained(refused)).toEqual({ ...refused, until: time.clock.now() + minute });
  answer = () => afterMs(minute);
  expect(await one.explained(refused)).not.toHaveProperty("endsAt");
  expect(asked).toBe(1);
  asked = 0;
  const endsAt = time.clock.now() + minute;
  expect(await one.explained(refused)).toEqual({ ...refused, until: endsAt, endsAt });
  expect(asked).toBe(1);
});

it("what WhatsApp tells while it is being asked is newer than its answer", async () => {
  const one = startProcess();
  one.lockTold({ is_active: true, time_enforcement_ends: seconds(60 * minute), enforcement_type: "BIZ_QUALITY" });
  const lock = { until: time.clock.now() + 60 * minute };
  await expect.poll(told).toMatchObject([lock]);
  const { promise, resolve } = Promise.withResolvers<ReachoutTimelockState>();
  answer = () => promise as unknown as ReachoutTimelockState;
  one.opened();
  await expect.poll(() => asked).toBe(1);
  one.lockTold({ is_active: false });
  await expect.poll(told).toMatchObject([lock, "open"]);
  resolve(afterMs(60 * minute));
  // The next question waits for the answer of the one before.
  answer = () => ({ isActive: false });
  await one.explained({ outcome: "rejected", kind: "restricted", error: "no", code: 463 });
  expect(await told()).toMatchObject([lock, "open"]);
  expect(await shown(one.chats)).toBeUndefined();
  one.stop();
});
