import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const bobJid = `${bob}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  client = await pairClient(sandbox, { number: own, name: "Own" });
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const presences = () =>
  client.updates
    .flatMap((events) => events["presence.update"] ?? [])
    .flatMap(({ id, presences: all }) => Object.values(all).map(({ lastKnownPresence }) => [id, lastKnownPresence]));

describe("typing and presence", () => {
  it.each([
    ["composing", "composing"],
    ["recording", "recording"],
    ["paused", "available"],
  ] as const)("a contact is %s", async (state, seen) => {
    await sandbox.control.typing({ number: bob, to: own, state });
    await eventually(() => presences().at(-1)).toEqual([bobJid, seen]);
  });

  it.each(["available", "unavailable"] as const)("a contact is %s, also for who asks later", async (state) => {
    // Who pauses is available, too: the last of before may look like the one that is waited for.
    const earlier = presences().length;
    await sandbox.control.presence({ number: bob, to: own, state });
    await eventually(() => presences().slice(earlier)).toEqual([[bobJid, state]]);
    const before = presences().length;
    await client.sock.presenceSubscribe(bobJid);
    await eventually(() => presences().slice(before)).toEqual([[bobJid, state]]);
  });

  it("by the address the conversation is held on", async () => {
    const { lid } = await sandbox.control.addContact({ number: bob });
    await sandbox.control.contactSend({ number: bob, to: own, content: { text: "x" }, addressing: "lid" }, signal);
    await eventually(() => client.texts().length).toBe(1);
    await sandbox.control.typing({ number: bob, to: own, state: "composing" });
    await eventually(() => presences().at(-1)).toEqual([`${lid}@lid`, "composing"]);
  });

  it("the client's own presence is seen in the state", async () => {
    await eventually(() => client.auth.creds.me?.name).toBe("Own");
    await client.sock.sendPresenceUpdate("available");
    await eventually(() => sandbox.control.state().devices[0]?.presence).toBe("available");
    await client.sock.sendPresenceUpdate("unavailable");
    await eventually(() => sandbox.control.state().devices[0]?.presence).toBe("unavailable");
  });

  it("of one client is seen by another that watches", async () => {
    await using other = await pairClient(sandbox, { number: "5511999990002", name: "Other" });
    await eventually(() => other.auth.creds.me?.name).toBe("Other");
    await client.sock.presenceSubscribe("5511999990002@s.whatsapp.net");
    await other.sock.sendPresenceUpdate("available");
    await eventually(() => presences().at(-1)).toEqual(["5511999990002@s.whatsapp.net", "available"]);
  });

  it.each([
    ["towards nobody's client", { to: "5511777770000" }],
    ["by nobody", { number: "5511777770001" }],
  ])("%s: not found", async (_, change) => {
    await sandbox.control.addContact({ number: "5511777770001", onWhatsApp: false });
    const input = { number: bob, to: own, state: "composing" as const, ...change };
    await expect(sandbox.control.typing(input)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("calls", () => {
  beforeEach(() => {
    client.updates.length = 0;
  });

  it.each([
    [{}, [["offer", false]]],
    [{ video: true }, [["offer", true]]],
    [
      { missed: true },
      [
        ["offer", false],
        ["timeout", false],
      ],
    ],
  ])("%j", async (how, expected) => {
    const caller = "5511888880003";
    const { callId } = await sandbox.control.call({ number: caller, to: own, ...how });
    const calls = () => client.updates.flatMap((events) => events.call ?? []).filter(({ id }) => id === callId);
    await eventually(() => calls().map(({ status, isVideo }) => [status, isVideo])).toEqual(expected);
    expect(calls()[0]).toMatchObject({ from: `${caller}@s.whatsapp.net`, chatId: `${caller}@s.whatsapp.net` });
    await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
    await client.sock.rejectCall(callId, `${caller}@s.whatsapp.net`);
  });

  it("a link for one can be had", async () => {
    expect(await client.sock.createCallLink("audio")).toMatch(/^sandbox/);
  });
});

describe("inbox", () => {
  it("waits for the first message, and ends early when it is told to", async () => {
    const number = "5511888880009";
    expect(await sandbox.control.inbox({ number }, signal)).toEqual([]);
    const waiting = sandbox.control.inbox({ number, waitMs: 10_000 }, signal);
    await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "first" });
    expect(await waiting).toMatchObject([{ seq: 1, text: "first" }]);
    const stop = new AbortController();
    const more = sandbox.control.inbox({ number, since: 1, waitMs: 10_000 }, stop.signal);
    stop.abort();
    expect(await more).toEqual([]);
    expect(await sandbox.control.inbox({ number, since: 0 }, signal)).toHaveLength(1);
  });
});

describe("somebody with a username", () => {
  it("writes by LID, with its username and without a number", async () => {
    const [own, contact] = ["5511999990071", "5511888880071"];
    await using client = await pairClient(sandbox, { number: own });
    const { lid } = await sandbox.control.addContact({ number: contact, username: "ana.silva" });
    await sandbox.control.contactSend({ number: contact, to: own, content: { text: "who am I" } }, signal);
    await eventually(() => client.texts()).toEqual(["who am I"]);
    const stanza = client.stanzas("message").find(({ attrs }) => attrs["from"] === `${lid}@lid`);
    expect(stanza?.attrs).toMatchObject({ username: "ana.silva" });
    expect(Object.values(stanza?.attrs ?? {}).filter((value) => value.includes(contact))).toEqual([]);
  });
});
