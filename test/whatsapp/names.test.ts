import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Captured } from "#domain/captured.ts";
import { silentLog } from "#lib/log.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { EventRow } from "#store/records.ts";
import type { InboundBatch } from "#whatsapp/inbound.ts";
import { defaultNamesOptions, type NamesOptions, startNames } from "#whatsapp/names.ts";
import { wishesOf } from "#whatsapp/names-wanted.ts";
import { defaultAttendantsOptions } from "../../src/engine-attendants.ts";
import { type EngineRig, openEngineRig } from "../faults/engine-rig.ts";
import { textOf } from "../pipeline/rig.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig } from "./session-rig.ts";

const instanceId = "A".repeat(32);
const never = new AbortController().signal;
const wait = { timeout: 30_000, interval: 20 };

/** An error as Baileys throws it when the server refuses. */
const refusal = (code: number) => Object.assign(new Error("refused"), { data: code });

let position = 0;
function rowOf(captured: Captured): EventRow {
  position += 1;
  return {
    eventId: `evt_${position}`,
    instanceId,
    sequence: position,
    position,
    kind: captured.kind,
    type: "ReceivedCallback",
    ...("chat" in captured ? { chatId: captured.chat.chatId } : {}),
    occurredAt: 0,
    createdAt: 0,
    captured: JSON.stringify(captured),
  };
}

const phoneOf = (n: number): string => `55218000${String(n).padStart(5, "0")}`;
const jidOf = (n: number): string => `${phoneOf(n)}@s.whatsapp.net`;
const from = (n: number): EventRow => rowOf(textOf(n, phoneOf(n)));

/** A worker on fake time with a WhatsApp that answers by table. */
function openRig(options: Partial<NamesOptions> = {}, answer: (jid: string) => string | undefined = () => undefined) {
  const time = createFakeTime();
  const asked: { readonly jid: string; readonly at: number }[] = [];
  const told: InboundBatch[] = [];
  let dropped = 0;
  let open = true;
  const socket = {
    own: () => ({ id: "5511900000001:1@s.whatsapp.net" }),
    sock: {
      profilePictureUrl: async (jid: string) => {
        asked.push({ jid, at: time.clock.now() });
        return answer(jid);
      },
    },
  };
  let waiters: (() => void)[] = [];
  const names = startNames(
    {
      ...time,
      instances: { get: async () => ({}) as never },
      sessions: {
        openSocket: () => (open ? (socket as never) : undefined),
        untilOpen: (_, signal) =>
          new Promise<void>((resolve) => {
            waiters.push(resolve);
            signal.addEventListener("abort", () => resolve(), { once: true });
          }),
      },
      inbound: { receive: (batch) => void told.push(batch) },
      dropped: (count) => {
        dropped += count;
      },
      log: silentLog,
    },
    { ...defaultNamesOptions, ...options },
    never,
  );
  return {
    time,
    names,
    asked,
    told,
    dropped: () => dropped,
    connect: (is: boolean) => {
      open = is;
      if (is) for (const wake of waiters.splice(0)) wake();
      waiters = [];
    },
  };
}

describe("asking for pictures", () => {
  it("goes at its pace, one after the other, and asks nobody twice", async () => {
    const rig = openRig({ everyMs: 2_000 }, (jid) => `https://pps.example/${jid}`);
    await using names = rig.names;
    names.stored([from(1), from(2), from(1), from(3)]);
    await rig.time.until(() => rig.asked.length === 3);
    names.stored([from(2)]);
    await rig.time.settle();
    expect(rig.asked.map(({ jid }) => jid)).toEqual([jidOf(1), jidOf(2), jidOf(3)]);
    const [first, second, third] = rig.asked.map(({ at }) => at);
    expect([second! - first!, third! - second!]).toEqual([2_000, 2_000]);
    expect(rig.told.map(({ events }) => events?.["contacts.update"])).toEqual(
      [1, 2, 3].map((n) => [{ id: jidOf(n), imgUrl: `https://pps.example/${jidOf(n)}` }]),
    );
  });

  it("holds so many and no more: the oldest makes room, and comes again with the next message", async () => {
    const rig = openRig({ everyMs: 2_000, maxWaiting: 3 });
    await using names = rig.names;
    names.stored(Array.from({ length: 100 }, (_, n) => from(n)));
    expect(names.waiting()).toBe(3);
    expect(rig.dropped()).toBe(97);
    await rig.time.until(() => names.waiting() === 0);
    names.stored([from(5)]);
    await rig.time.until(() => rig.asked.length === 4);
    expect(rig.asked.map(({ jid }) => jid)).toEqual([97, 98, 99, 5].map(jidOf));
  });

  it("a picture that is forbidden or missing is an answer for a day, other failures rest an hour", async () => {
    const codes: Readonly<Record<string, number>> = { [jidOf(1)]: 401, [jidOf(2)]: 404, [jidOf(3)]: 500 };
    const rig = openRig({ everyMs: 1_000 }, (jid) => {
      throw refusal(codes[jid] ?? 500);
    });
    await using names = rig.names;
    const all = [from(1), from(2), from(3)];
    names.stored(all);
    await rig.time.until(() => rig.asked.length === 3);
    await rig.time.settle();
    expect(rig.told.map(({ events }) => events?.["contacts.update"])).toEqual([
      [{ id: jidOf(1), imgUrl: null }],
      [{ id: jidOf(2), imgUrl: null }],
    ]);
    rig.time.advance(2 * 3_600_000);
    names.stored(all);
    await rig.time.until(() => rig.asked.length === 4);
    expect(rig.asked[3]?.jid).toBe(jidOf(3));
    rig.time.advance(24 * 3_600_000);
    names.stored(all);
    await rig.time.until(() => rig.asked.length === 7);
  });

  it("stops for a while when WhatsApp says that it is too much", async () => {
    const rig = openRig({ everyMs: 1_000, tooMuchMs: 600_000 }, (jid) => {
      if (jid === jidOf(1)) throw refusal(429);
      return undefined;
    });
    await using names = rig.names;
    names.stored([from(1), from(2)]);
    await rig.time.until(() => rig.asked.length === 2);
    expect(rig.asked[1]!.at - rig.asked[0]!.at).toBe(600_000);
  });

  it("asks nothing while the instance is not connected, and goes on where it was", async () => {
    const rig = openRig({ everyMs: 1_000 });
    await using names = rig.names;
    rig.connect(false);
    names.stored([from(1), from(2)]);
    await rig.time.settle();
    expect([rig.asked.length, names.waiting()]).toEqual([0, 2]);
    rig.connect(true);
    await rig.time.until(() => rig.asked.length === 2);
  });

  it("asks at once for a picture that changed", async () => {
    const rig = openRig({ everyMs: 1_000 });
    await using names = rig.names;
    names.stored([from(1)]);
    await rig.time.until(() => rig.asked.length === 1);
    const { chat, sender, broadcast, fromMe, at } = textOf(1, phoneOf(1));
    const scene = { chat, sender, broadcast, fromMe, at };
    names.stored([rowOf({ kind: "notification", ...scene, name: "CONTACT_PICTURE_UPDATED", key: "1" })]);
    await rig.time.until(() => rig.asked.length === 2);
    expect(rig.asked[1]?.jid).toBe(jidOf(1));
  });

  it("asks again for the picture of somebody who changed", async () => {
    const rig = openRig({ everyMs: 1_000 });
    await using names = rig.names;
    names.stored([from(1)]);
    await rig.time.until(() => rig.asked.length === 1);
    const instanceId = from(1).instanceId;
    names.changed(instanceId, jidOf(1));
    await rig.time.until(() => rig.asked.length === 2);
    expect(rig.asked[1]?.jid).toBe(jidOf(1));
  });

  it("switched off it asks nothing", async () => {
    const rig = openRig({ everyMs: 0 });
    await using names = rig.names;
    names.stored([from(1)]);
    expect(names.waiting()).toBe(0);
  });
});

describe("what is missing", () => {
  const group = "120363000000000001@g.us";
  const now = Date.UTC(2026, 0, 1);
  const link = (days: number) =>
    `https://pps.example/a.jpg?x=1&oe=${Math.floor(now / 1_000 + days * 86_400).toString(16)}&y=2`;
  const inGroup = { chat: { chatId: group }, sender: { jid: "2@lid", lid: "2@lid" } };
  const ownChat = { chatId: "5511900000001@s.whatsapp.net", phone: "5511900000001" };
  const ownPicture = { kind: "notification", name: "PROFILE_PICTURE_UPDATED", key: "1", fromMe: true, chat: ownChat };
  const cases: readonly [string, object, readonly string[]][] = [
    ["the picture of somebody new", {}, ["picture 5511900000002@s.whatsapp.net"]],
    ["nothing when the picture is there for long", { chatPhoto: link(9) }, []],
    ["a picture whose link ends soon", { chatPhoto: link(0.5) }, ["picture 5511900000002@s.whatsapp.net"]],
    ["name and picture of a group, and its author's", inGroup, [`group ${group}`, `picture ${group}`, "picture 2@lid"]],
    ["no name of a group that has one", { ...inGroup, chatName: "A", chatPhoto: link(9), senderPhoto: link(9) }, []],
    ["nobody's own", { fromMe: true, chat: ownChat }, []],
    ["the own picture once it changed", ownPicture, ["picture 5511900000001@s.whatsapp.net"]],
    ["nothing of a channel", { chat: { chatId: "1@newsletter" }, sender: { jid: "1@newsletter" } }, []],
  ];
  it.each(cases)("%s", (_, given, wanted) => {
    const wishes = wishesOf({ ...textOf(1), ...given }, now);
    expect(wishes.map(({ question, jid }) => `${question} ${jid}`)).toEqual(wanted);
  });
});

describe("with the real client", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const bodies = (rig: EngineRig) =>
    rig.receiver.taken
      .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
      .filter(({ type }) => type === "ReceivedCallback");

  it("the first webhook does not wait for a picture, later ones have it; what is forbidden holds nothing up", async () => {
    const names = { ...defaultNamesOptions, everyMs: 1 };
    const options = { attendants: { ...defaultAttendantsOptions, names } };
    await using rig = await openEngineRig(sandbox, { options });
    await sandbox.control.addFault({
      type: "iq-error",
      code: 401,
      times: 1,
      match: { number: rig.number, xmlns: "w:profile:picture" },
    });
    await rig.receive("first");
    await expect.poll(() => bodies(rig).length, wait).toBe(1);
    expect(bodies(rig)[0]).toMatchObject({ photo: null, senderName: "Bob" });
    const contactId = `${rig.contact}@s.whatsapp.net`;
    const photo = async () => (await rig.inner.directory.contact({ instanceId: rig.instanceId, contactId }))?.photoUrl;
    await expect.poll(photo, wait).toBe("");
    // A new process forgets that it asked.
    await rig.restart("peace");
    await rig.opened();
    await rig.receive("second");
    await expect.poll(photo, wait).toMatch(/^https:/);
    await rig.receive("third");
    await expect.poll(() => bodies(rig).length, wait).toBe(3);
    expect(bodies(rig)[1]).toMatchObject({ photo: null });
    expect(bodies(rig)[2]).toMatchObject({ photo: await photo(), senderPhoto: await photo(), chatName: "Bob" });
  });

  it("a group nobody told us about: its name, and the numbers behind the LIDs of its members", async () => {
    await using rig = await openSessionRig(sandbox);
    await sandbox.control.addContact({ number: rig.number });
    const group = await sandbox.control.createGroup({ subject: "Team", participants: [rig.contact, rig.number] });
    await rig.pair();
    const told: InboundBatch[] = [];
    const time = createFakeTime();
    await using names = startNames(
      {
        ...time,
        instances: rig.store.instances,
        sessions: rig.sessions,
        inbound: { receive: (batch) => void told.push(batch) },
        log: silentLog,
      },
      defaultNamesOptions,
      never,
    );
    const message = {
      ...textOf(1, rig.contact),
      chat: { chatId: group.id },
      chatPhoto: "https://pps.example/a.jpg?oe=ffffffff",
    };
    names.stored([{ ...rowOf(message), instanceId: rig.instanceId }]);
    await time.until(() => told.length >= 1);
    const events = told[0]?.events;
    expect(events?.["groups.update"]).toMatchObject([{ id: group.id, subject: "Team" }]);
    const member = events?.["contacts.upsert"]?.find(({ phoneNumber }) => phoneNumber?.startsWith(rig.contact));
    expect(member?.id ?? member?.lid).toMatch(/@lid$/);
  });
});
