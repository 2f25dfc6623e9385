import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WAMessageStubType, type BaileysEventMap } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { connectClient, pairClient, type Client } from "../baileys.ts";
import { expectHonestWire } from "../honest-wire.ts";

const signal = AbortSignal.timeout(120_000);
const [ana, ben] = ["5511999990001", "5511999990002"] as const;
const jidOf = (number: string): string => `${number}@s.whatsapp.net`;
let sandbox: Sandbox;
let [one, two]: [Client, Client] = [undefined!, undefined!];
let serial = 0;
let bob = "";

beforeAll(async () => {
  sandbox = await openTestSandbox();
  one = await pairClient(sandbox, { number: ana, name: "Ana" });
  two = await pairClient(sandbox, { number: ben, name: "Ben" });
});

afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

beforeEach(async () => {
  serial += 1;
  bob = `55118887${String(serial).padStart(5, "0")}`;
  await sandbox.control.addContact({ number: bob, name: "Bob" });
  await sandbox.control.behaviour({ autoDeliver: true, autoRead: false, echoBot: false, receiptDelayMs: 0 });
});

afterEach(async () => {
  await eventually(() => sandbox.control.state().devices.map(({ queued }) => queued)).toEqual([0, 0]);
  expectHonestWire(sandbox);
});

/** For what takes a moment, on a machine that has other things to do. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 8_000, interval: 10 });
const lidOf = async (number: string) => `${(await sandbox.control.addContact({ number })).lid}@lid`;
const inbox = async (number: string, count: number): Promise<readonly InboxEntry[]> => {
  await eventually(async () => (await sandbox.control.inbox({ number }, signal)).length).toBe(count);
  return sandbox.control.inbox({ number }, signal);
};
const eventsOf = <K extends keyof BaileysEventMap>(client: Client, name: K): BaileysEventMap[K][] =>
  client.updates.flatMap((update) => {
    const value = update[name];
    return value === undefined ? [] : [value];
  });
const writtenIn = (client: Client, id: string) =>
  client.messages.filter(({ key, messageStubType }) => key.remoteJid === id && !messageStubType);
const textsIn = (client: Client, id: string): string[] =>
  writtenIn(client, id).flatMap(({ message }) => message?.conversation ?? message?.extendedTextMessage?.text ?? []);
const errorsFor = (client: Client, id: string | null | undefined) =>
  client
    .stanzas("ack")
    .filter(({ attrs }) => attrs["id"] === id)
    .map(({ attrs }) => attrs["error"]);

describe("two accounts in one group", () => {
  it("read each other, confirm to each other, and ask each other again", async () => {
    // The clients under test read receipts of one member each only.
    await sandbox.control.behaviour({ groupReceipts: "single" });
    const { id } = await sandbox.control.createGroup({ subject: "Both", participants: [ana, ben, bob] });
    const sent = await one.sock.sendMessage(id, { text: "from Ana" });
    await eventually(() => textsIn(two, id)).toEqual(["from Ana"]);
    const [got] = writtenIn(two, id);
    expect(got?.key).toMatchObject({ participant: await lidOf(ana), participantAlt: jidOf(ana), fromMe: false });
    const receipts = () =>
      eventsOf(one, "message-receipt.update")
        .flat()
        .filter(({ key }) => key.id === sent?.key.id);
    // Ben's phone and his client both say that they got it.
    const readers = () => new Set(receipts().map(({ receipt }) => receipt.userJid));
    await eventually(readers).toEqual(new Set([await lidOf(ben), await lidOf(bob)]));
    await two.sock.readMessages([got!.key]);
    await eventually(() => receipts().filter(({ receipt }) => receipt.readTimestamp)).toHaveLength(1);
    await two.sock.sendMessage(id, { text: "from Ben" });
    await eventually(() => textsIn(one, id)).toEqual(["from Ben"]);
    expect((await inbox(bob, 2)).map(({ text }) => text)).toEqual(["from Ana", "from Ben"]);

    // Ben loses the key that Ana gave: it has to ask her for the message.
    await two.auth.keys.set({ "sender-key": Object.fromEntries(await senderKeysOf(two, id, await lidOf(ana))) });
    await one.sock.sendMessage(id, { text: "once more" });
    await eventually(() => textsIn(two, id)).toEqual(["from Ana", "once more"]);
    await inbox(bob, 3);
  });

  it("what the own phone writes arrives as the account's own", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "Phone", participants: [ana, ben] });
    await sandbox.control.phoneSend({ number: ana, to: id, content: { text: "typed" } }, signal);
    await eventually(() => [textsIn(one, id), textsIn(two, id)]).toEqual([["typed"], ["typed"]]);
    expect(writtenIn(one, id).map(({ key }) => key.fromMe)).toEqual([true]);
    expect(writtenIn(two, id).map(({ key }) => key.fromMe)).toEqual([false]);
  });

  it("typing is seen by all but who types", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "Typing", participants: [ana, ben, bob] });
    await sandbox.control.typing({ number: bob, to: id, state: "composing" });
    const presences = (client: Client) => eventsOf(client, "presence.update").filter((update) => update.id === id);
    await eventually(() => presences(one)).toMatchObject([{ presences: { [await lidOf(bob)]: {} } }]);
    await eventually(() => presences(two)).toHaveLength(1);
  });
});

describe("what others do to a group", () => {
  it("who is added gets the whole group; who is removed is told, and reads no more", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "Bob's", participants: [bob, ben] });
    const change = async (action: "add" | "remove", number: string) =>
      sandbox.control.groupParticipants({ group: id, action, participants: [number] });
    await change("add", ana);
    const upserts = () =>
      eventsOf(one, "groups.upsert")
        .flat()
        .filter((group) => group.id === id);
    await eventually(upserts).toMatchObject([{ subject: "Bob's", author: await lidOf(bob) }]);
    const updates = (client: Client) =>
      eventsOf(client, "group-participants.update").flatMap((update) => (update.id === id ? [update.action] : []));
    await eventually(() => updates(two)).toEqual(["add"]);
    await change("remove", ana);
    await eventually(() => updates(one)).toEqual(["remove"]);
    await sandbox.control.groupSend({ group: id, from: bob, content: { text: "without Ana" } }, signal);
    await eventually(() => textsIn(two, id)).toEqual(["without Ana"]);
    expect(textsIn(one, id)).toEqual([]);
    await expect(one.sock.sendMessage(id, { text: "let me in" })).rejects.toMatchObject({ data: 403 });
  });

  it("settings changed by an admin reach the clients; others may not change them", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "Set", participants: [bob, ana] });
    const patch = { subject: "New", description: "words", announce: true, ephemeralSeconds: 60, membersAdd: true };
    const info = await sandbox.control.groupPatch({ group: id, patch: { ...patch, joinApproval: true, locked: true } });
    expect(info).toMatchObject({ ...patch, joinApproval: true, locked: true });
    // Baileys folds updates of one group that come together into the first, so this looks at the notices themselves.
    const told = () =>
      one.messages.filter(({ key }) => key.remoteJid === id).map(({ messageStubType }) => messageStubType);
    await eventually(told).toEqual(expect.arrayContaining(Object.values(stubs)));
    const byAna = sandbox.control.groupPatch({ group: id, patch: { announce: false }, by: ana });
    await expect(byAna).rejects.toMatchObject({ code: "refused" });
    const sent = await one.sock.sendMessage(id, { text: "may I?" });
    await eventually(() => errorsFor(one, sent?.key.id)).toEqual(["403"]);
    const posted = sandbox.control.groupSend({ group: id, from: ana, content: { text: "may I?" } }, signal);
    await expect(posted).rejects.toMatchObject({ code: "refused" });
    expect(await sandbox.control.inbox({ number: bob }, signal)).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["a group that is not there", async () => sandbox.control.groupPatch({ group: "1", patch: {} }), "not_found"],
    ["somebody outside posts", async () => postAs("5511777777777"), "refused"],
    ["somebody outside adds", async () => actAs("5511777777777", "add", ana), "refused"],
    ["a member removes", async () => actAs(ben, "remove", ana), "refused"],
    ["the creator is removed", async () => actAs(bob, "remove", bob), "conflict"],
    ["a member is added again", async () => actAs(bob, "add", ben), "conflict"],
    ["somebody outside leaves", async () => actAs(undefined, "leave", "5511777777777"), "refused"],
    ["a member asks to join", async () => actAs(undefined, "request", ben), "conflict"],
  ])("%s is refused", async (_what, act, code) => {
    await expect(act()).rejects.toMatchObject({ code });
  });

  const small = async (): Promise<string> =>
    (await sandbox.control.createGroup({ subject: "Small", participants: [bob, ben] })).id;
  const postAs = async (from: string) =>
    sandbox.control.groupSend({ group: await small(), from, content: { text: "x" } }, signal);
  const actAs = async (by: string | undefined, action: "add" | "remove" | "leave" | "request", number: string) =>
    sandbox.control.groupParticipants({
      group: await small(),
      action,
      participants: [number],
      ...(by !== undefined && { by }),
    });

  it("nobody who is not on WhatsApp gets into a group", async () => {
    await sandbox.control.addContact({ number: bob, onWhatsApp: false });
    const made = sandbox.control.createGroup({ subject: "No", participants: [ana, bob] });
    await expect(made).rejects.toMatchObject({ code: "not_found" });
  });

  it("a member with three devices reads on its phone, and echoes once", async () => {
    await sandbox.control.addContact({ number: bob, devices: 3 });
    await sandbox.control.behaviour({ echoBot: true });
    const { id } = await sandbox.control.createGroup({ subject: "Devices", participants: [ana, bob] });
    await one.sock.sendMessage(id, { text: "to all devices" });
    await eventually(() => textsIn(one, id)).toEqual(["to all devices"]);
    expect((await inbox(bob, 1))[0]?.copies).toBe(1);
  });

  it("a group of two hundred is written to, and read, at once", async () => {
    const people = Array.from({ length: 200 }, (_, n) => `551177700${String(n).padStart(4, "0")}`);
    const { id } = await sandbox.control.createGroup({ subject: "Many", participants: [ana, ...people] });
    await sandbox.control.behaviour({ autoDeliver: false });
    for (const text of ["one", "two"]) await one.sock.sendMessage(id, { text });
    const last = await inbox(people.at(-1)!, 2);
    expect(last.map(({ text }) => text)).toEqual(["one", "two"]);
  });
});

describe("everybody's status", () => {
  // The bare client knows no other form.
  beforeEach(async () => void (await sandbox.control.behaviour({ statusForm: "message" })));

  it("of a client reaches whom it is for, and is confirmed", async () => {
    const sent = await one.sock.sendMessage(
      "status@broadcast",
      { text: "my day" },
      { statusJidList: [jidOf(bob), jidOf(ana)] },
    );
    expect(await inbox(bob, 1)).toMatchObject([{ text: "my day", chat: "status@broadcast", from: ana }]);
    const receipts = () =>
      eventsOf(one, "message-receipt.update")
        .flat()
        .filter(({ key }) => key.id === sent?.key.id);
    await eventually(receipts).toMatchObject([{ key: { remoteJid: "status@broadcast" } }]);
  });

  it("of a contact reaches the accounts", async () => {
    const content = { text: "Bob's day" };
    await sandbox.control.contactSend({ number: bob, to: "status@broadcast", content }, signal);
    await eventually(() => textsIn(two, "status@broadcast")).toContain("Bob's day");
    const got = one.messages.find(({ message }) => JSON.stringify(message ?? {}).includes("Bob's day"));
    expect(got?.key).toMatchObject({ remoteJid: "status@broadcast", participant: jidOf(bob), fromMe: false });
  });
});

describe("a sandbox that starts again", () => {
  it("has its groups, and members and clients go on reading each other", async () => {
    const directory = await mkdtemp(join(tmpdir(), "wazapi-groups-"));
    const options = { statePath: join(directory, "state.json") };
    let client: Client;
    let id: string;
    {
      await using first = await openTestSandbox(options);
      client = await pairClient(first, { number: ana, name: "Ana" });
      ({ id } = await first.control.createGroup({ subject: "Lasting", participants: [ana, bob] }));
      await client.sock.sendMessage(id, { text: "before" });
      await eventually(async () => (await first.control.inbox({ number: bob }, signal)).length).toBe(1);
      await first.control.groupSend({ group: id, from: bob, content: { text: "heard" } }, signal);
      await eventually(() => textsIn(client, id)).toEqual(["heard"]);
      await client[Symbol.asyncDispose]();
    }
    {
      await using second = await openTestSandbox(options);
      expect(second.control.state().groups).toMatchObject([{ id, subject: "Lasting" }]);
      await using again = connectClient(second, client.auth);
      await again.opened();
      await again.sock.sendMessage(id, { text: "after" });
      await expect
        .poll(async () => (await second.control.inbox({ number: bob }, signal)).map(({ text }) => text))
        .toEqual(["before", "after"]);
      await second.control.groupSend({ group: id, from: bob, content: { text: "still here" } }, signal);
      await eventually(() => textsIn(again, id)).toEqual(["still here"]);
      expectHonestWire(second);
    }
    await rm(directory, { recursive: true });
  });
});

const stubs = {
  subject: WAMessageStubType.GROUP_CHANGE_SUBJECT,
  description: WAMessageStubType.GROUP_CHANGE_DESCRIPTION,
  announce: WAMessageStubType.GROUP_CHANGE_ANNOUNCE,
  locked: WAMessageStubType.GROUP_CHANGE_RESTRICT,
  membersAdd: WAMessageStubType.GROUP_MEMBER_ADD_MODE,
  joinApproval: WAMessageStubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE,
};

/** The keys that somebody gave the client for a group, as a write that forgets them. */
async function senderKeysOf(client: Client, group: string, lid: string): Promise<[string, null][]> {
  const name = `${group}::${lid.replace("@lid", "_1")}::1`;
  const held = await client.auth.keys.get("sender-key", [name]);
  expect(Object.keys(held)).toEqual([name]);
  return [[name, null]];
}
