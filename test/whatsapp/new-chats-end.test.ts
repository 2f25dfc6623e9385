import { EventEmitter } from "node:events";
import type { ReachoutTimelockState } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { defaultInstanceSettings } from "#domain/instance.ts";
import { silentLog } from "#lib/log.ts";
import { createNewChats } from "#whatsapp/restriction/new-chats.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openTestStore } from "../support/store.ts";

const instanceId = "I";
const outgoing = {
  to: "5531955554444@s.whatsapp.net",
  content: { kind: "text", text: "hello" },
  options: {},
} as const;

it("a lock that runs out is over when WhatsApp says so; until then nothing is tried, and its silence frees nobody", async () => {
  await using store = await openTestStore();
  const time = createFakeTime();
  const connection = { state: "connected", at: 0 } as const;
  const instance = {
    id: instanceId,
    name: "one",
    token: "t".repeat(40),
    settings: defaultInstanceSettings,
    connection,
  };
  const rest = { hooks: {}, furtherHooks: [], subscription: { state: "active" }, webhookSecrets: [] } as const;
  await store.instances.create({ instance: { ...instance, ...rest, createdAt: 0, updatedAt: 0 } });
  const chats = createNewChats({ ...store, clock: time.clock, log: silentLog });
  let answer: () => ReachoutTimelockState = () => {
    throw new Error("asked too early");
  };
  let asked = 0;
  const sock = {
    ev: new EventEmitter(),
    authState: { keys: { get: () => Promise.resolve({}) } },
    fetchAccountReachoutTimelock: () => {
      asked += 1;
      return Promise.resolve().then(answer);
    },
  } as unknown as Parameters<typeof chats.watch>[1];
  const holds = () => chats.holds({ instanceId, outgoing }, sock);
  const afterMs = (ms: number) => ({ isActive: true, timeEnforcementEnds: new Date(time.clock.now() + ms) });
  chats.watch(instanceId, sock, new AbortController().signal);

  const minute = 60_000;
  sock.ev.emit("connection.update", { reachoutTimeLock: afterMs(minute) });
  await expect.poll(holds).toMatchObject({ reason: "restriction" });
  time.advance(minute + 1);
  answer = () => afterMs(minute);
  expect([await holds(), asked]).toEqual([{ until: time.clock.now() + minute, reason: "restriction" }, 1]);
  expect([await holds(), asked]).toMatchObject([{ reason: "restriction" }, 1]);
  time.advance(minute + 1);
  answer = () => {
    throw new Error("no answer");
  };
  expect([await holds(), asked]).toEqual([{ until: time.clock.now() + minute, reason: "restriction" }, 2]);
  time.advance(minute + 1);
  answer = () => ({ isActive: false });
  expect([await holds(), asked]).toEqual([undefined, 3]);
  expect([await holds(), asked]).toEqual([undefined, 3]);
  expect(await store.chatLimits.get({ instanceId })).toEqual({});
});
