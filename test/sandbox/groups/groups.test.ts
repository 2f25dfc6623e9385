import { createHash } from "node:crypto";
import { decryptPollVote, type BaileysEventMap, type GroupMetadata } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ContentBody } from "#sandbox/content-body.ts";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { pairClient, type Client } from "../baileys.ts";
import { expectHonestWire } from "../honest-wire.ts";

const signal = AbortSignal.timeout(120_000);
const own = "5511999990001";
const jidOf = (number: string): string => `${number}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;
let serial = 0;
let [bob, eve] = ["", ""];

beforeAll(async () => {
  sandbox = await openTestSandbox();
  client = await pairClient(sandbox, { number: own, name: "Own" });
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

beforeEach(async () => {
  serial += 1;
  [bob, eve] = [1, 2].map((n) => `5511888${n}${String(serial).padStart(5, "0")}`) as [string, string];
  await sandbox.control.addContact({ number: bob, name: "Bob" });
  await sandbox.control.addContact({ number: eve, name: "Eve" });
  await sandbox.control.behaviour({ autoDeliver: true, autoRead: false, echoBot: false, receiptDelayMs: 0 });
});

afterEach(async () => {
  await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
  expectHonestWire(sandbox);
});

/** For what takes a moment, on a machine that has other things to do. */
const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 8_000, interval: 10 });
const lidOf = async (number: string) => `${(await sandbox.control.addContact({ number })).lid}@lid`;
const inbox = async (number: string, count: number): Promise<readonly InboxEntry[]> => {
  await eventually(async () => (await sandbox.control.inbox({ number }, signal)).length).toBe(count);
  return sandbox.control.inbox({ number }, signal);
};
const groupOf = (id: string) => sandbox.control.state().groups.find((group) => group.id === id)!;
const eventsOf = <K extends keyof BaileysEventMap>(name: K): BaileysEventMap[K][] =>
  client.updates.flatMap((update) => {
    const value = update[name];
    return value === undefined ? [] : [value];
  });
const eventOf = async <T>(find: () => T | undefined): Promise<T> => {
  await eventually(find).toBeDefined();
  return find()!;
};
const textsIn = (id: string): string[] =>
  client.messages.flatMap(({ key, message }) =>
    key.remoteJid === id ? (message?.conversation ?? message?.extendedTextMessage?.text ?? []) : [],
  );
const newGroup = async (addressing: "pn" | "lid" = "lid") =>
  sandbox.control.createGroup({ subject: "Group", participants: [own, bob], addressing });

describe("what the client does to a group", () => {
  it("creates one: everybody named is in it, and it is told of it", async () => {
    const metadata = await client.sock.groupCreate("My group", [jidOf(bob), jidOf(eve)]);
    expect(metadata).toMatchObject({ subject: "My group", size: 3, addressingMode: "lid" });
    const created = await eventOf(() =>
      eventsOf("groups.upsert")
        .flat()
        .find(({ id }) => id === metadata.id),
    );
    expect(created.participants.map(({ phoneNumber }) => phoneNumber)).toEqual([own, bob, eve].map(jidOf));
    expect(groupOf(metadata.id)).toMatchObject({
      owner: own,
      participants: [
        { number: own, role: "superadmin" },
        { number: bob, role: "member" },
        { number: eve, role: "member" },
      ],
    });
  });

  it("names what it has: query, participating, invite code and link", async () => {
    const { id } = await client.sock.groupCreate("Mine", [jidOf(bob)]);
    const queried = await client.sock.groupMetadata(id);
    expect(queried.participants).toEqual(
      [
        { id: expect.stringMatching(/@lid$/), phoneNumber: jidOf(own), admin: "superadmin" },
        { id: await lidOf(bob), phoneNumber: jidOf(bob), admin: null },
      ].map((participant) => expect.objectContaining(participant)),
    );
    expect(Object.keys(await client.sock.groupFetchAllParticipating())).toContain(id);
    const code = await client.sock.groupInviteCode(id);
    expect(code).toBe(groupOf(id).inviteCode);
    expect((await client.sock.groupGetInviteInfo(code!)).subject).toBe("Mine");
    expect(await client.sock.groupRevokeInvite(id)).not.toBe(code);
    await expect(client.sock.groupGetInviteInfo(code!)).rejects.toMatchObject({ data: 406 });
  });

  it("adds, promotes, demotes and removes, with a code for each person", async () => {
    const { id } = await client.sock.groupCreate("People", [jidOf(bob)]);
    await sandbox.control.addContact({ number: eve, onWhatsApp: false });
    const nobody = jidOf(eve);
    const other = `5511777${serial}0000`;
    const act = async (numbers: string[], action: "add" | "remove" | "promote" | "demote") =>
      (await client.sock.groupParticipantsUpdate(id, numbers, action)).map(({ status }) => status);
    expect(await act([jidOf(other), jidOf(bob), nobody], "add")).toEqual(["200", "409", "404"]);
    expect(await act([await lidOf(bob)], "promote")).toEqual(["200"]);
    expect(groupOf(id).participants.find(({ number }) => number === bob)?.role).toBe("admin");
    expect(await act([jidOf(bob)], "demote")).toEqual(["200"]);
    expect(await act([jidOf(bob), nobody, jidOf(own)], "remove")).toEqual(["200", "406", "404"]);
    const actions = (): string[] =>
      eventsOf("group-participants.update").flatMap((update) => (update.id === id ? [update.action] : []));
    await eventually(actions).toEqual(["add", "promote", "demote", "remove"]);
  });

  it("changes what it is called and how it is set", async () => {
    const { id } = await client.sock.groupCreate("Before", [jidOf(bob)]);
    await client.sock.groupUpdateSubject(id, "After");
    await client.sock.groupUpdateDescription(id, "about it");
    await client.sock.groupSettingUpdate(id, "announcement");
    await client.sock.groupSettingUpdate(id, "locked");
    await client.sock.groupToggleEphemeral(id, 86_400);
    await client.sock.groupMemberAddMode(id, "all_member_add");
    await client.sock.groupJoinApprovalMode(id, "on");
    expect(await client.sock.groupMetadata(id)).toMatchObject({
      subject: "After",
      desc: "about it",
      announce: true,
      restrict: true,
      ephemeralDuration: 86_400,
      memberAddMode: true,
      joinApprovalMode: true,
    });
    await client.sock.groupUpdateDescription(id);
    await client.sock.groupSettingUpdate(id, "not_announcement");
    await client.sock.groupSettingUpdate(id, "unlocked");
    await client.sock.groupToggleEphemeral(id, 0);
    const after = await client.sock.groupMetadata(id);
    expect(after).toMatchObject({ announce: false, restrict: false });
    expect(after.desc).toBeUndefined();
    expect(after.ephemeralDuration).toBeUndefined();
    const changes = (): Partial<GroupMetadata>[] =>
      eventsOf("groups.update")
        .flat()
        .filter((update) => update.id === id && update.author !== undefined);
    await eventually(() => changes().map(({ subject }) => subject)).toContain("After");
    await eventually(() => changes().map(({ desc }) => desc)).toContain("about it");
    await eventually(() => changes().map(({ announce }) => announce)).toEqual(expect.arrayContaining([true, false]));
  });

  it("leaves: the group goes on without it", async () => {
    const { id } = await client.sock.groupCreate("Left", [jidOf(bob), jidOf(eve)]);
    await client.sock.groupLeave(id);
    expect(groupOf(id).participants).toEqual([
      { number: bob, role: "admin" },
      { number: eve, role: "member" },
    ]);
    await expect(client.sock.groupMetadata(id)).rejects.toMatchObject({ data: 403 });
    await expect(client.sock.groupMetadata("120363000000000000@g.us")).rejects.toMatchObject({ data: 404 });
  });

  it("may not do what admins may, nor join where it must ask", async () => {
    const group = await sandbox.control.createGroup({ subject: "Bob's", participants: [bob, own] });
    await expect(client.sock.groupSettingUpdate(group.id, "locked")).rejects.toMatchObject({ data: 401 });
    await expect(client.sock.groupInviteCode(group.id)).rejects.toMatchObject({ data: 401 });
    await client.sock.groupUpdateSubject(group.id, "Ours");
    await sandbox.control.groupPatch({ group: group.id, patch: { locked: true } });
    await expect(client.sock.groupUpdateSubject(group.id, "Mine")).rejects.toMatchObject({ data: 401 });
    const closed = await sandbox.control.createGroup({ subject: "Closed", participants: [eve, bob] });
    await sandbox.control.groupPatch({ group: closed.id, patch: { joinApproval: true } });
    await client.sock.groupAcceptInvite(closed.inviteCode);
    expect(groupOf(closed.id).requests).toEqual([own]);
    const open = await sandbox.control.createGroup({ subject: "Open", participants: [eve, bob] });
    expect(await client.sock.groupAcceptInvite(open.inviteCode)).toBe(open.id);
    expect(groupOf(open.id).participants.at(-1)).toEqual({ number: own, role: "member" });
  });

  it("decides who asked to join", async () => {
    const { id } = await client.sock.groupCreate("Asked", [jidOf(bob)]);
    const ask = async (number: string) =>
      sandbox.control.groupParticipants({ group: id, action: "request", participants: [number] });
    await expect(ask(eve)).rejects.toMatchObject({ code: "conflict" });
    await client.sock.groupJoinApprovalMode(id, "on");
    await ask(eve);
    const asked = await eventOf(() => eventsOf("group.join-request").find((update) => update.id === id));
    expect(asked).toMatchObject({ action: "created", participant: await lidOf(eve), participantPn: jidOf(eve) });
    expect(await client.sock.groupRequestParticipantsList(id)).toMatchObject([{ jid: await lidOf(eve) }]);
    const lids = [await lidOf(eve), await lidOf(bob)];
    const decided = await client.sock.groupRequestParticipantsUpdate(id, lids, "approve");
    expect(decided.map(({ status }) => status)).toEqual(["200", "404"]);
    expect(groupOf(id).requests).toEqual([]);
    await sandbox.control.groupParticipants({ group: id, action: "leave", participants: [eve] });
    await ask(eve);
    await client.sock.groupRequestParticipantsUpdate(id, [lids[0]!], "reject");
    expect(groupOf(id)).toMatchObject({ requests: [], participants: [{ number: own }, { number: bob }] });
  });
});

describe("what members say about messages", () => {
  it("replies, reactions, votes, edits and revokes name message and author in the group's way", async () => {
    const { id } = await newGroup();
    const say = async (content: ContentBody) =>
      (await sandbox.control.groupSend({ group: id, from: bob, content }, signal)).messageIds[0]!;
    const asked = await client.sock.sendMessage(id, { text: "question" });
    const values = ["red", "blue"];
    const poll = await client.sock.sendMessage(id, { poll: { name: "which?", values, selectableCount: 1 } });
    await inbox(bob, 2);
    const [askedId, pollId] = [asked?.key.id ?? "", poll?.key.id ?? ""];
    await say({ text: "answer", reply: askedId, mentions: [own] });
    await say({ reaction: { messageId: askedId, emoji: "👍" } });
    await say({ pollVote: { messageId: pollId, options: ["blue"] } });
    const wrong = await say({ text: "tpyo" });
    await sandbox.control.behaviour({ editForm: "plain" });
    await say({ edit: { messageId: wrong, text: "typo" } });
    await sandbox.control.behaviour({ editForm: "sealed" });
    await say({ revoke: { messageId: wrong } });
    const said = () => client.messages.filter(({ key, message }) => key.remoteJid === id && message);
    await eventually(() => said().length).toBe(6);
    const [answer, reaction, vote, , edit, revoke] = said().map(({ message }) => message);
    const [ownLid, bobLid] = [await lidOf(own), await lidOf(bob)];
    const about = { stanzaId: askedId, participant: ownLid, mentionedJid: [ownLid] };
    expect(answer?.extendedTextMessage?.contextInfo).toMatchObject(about);
    expect(reaction?.reactionMessage).toMatchObject({ text: "👍", key: { id: askedId, participant: ownLid } });
    const { selectedOptions } = decryptPollVote(vote!.pollUpdateMessage!.vote!, {
      pollCreatorJid: ownLid,
      pollMsgId: pollId,
      pollEncKey: poll!.message!.messageContextInfo!.messageSecret!,
      voterJid: bobLid,
    });
    expect(selectedOptions.map((option) => Buffer.from(option))).toEqual([
      createHash("sha256").update("blue").digest(),
    ]);
    const key = { id: wrong, participant: bobLid };
    expect(edit?.editedMessage?.message?.protocolMessage).toMatchObject({ key });
    expect(revoke?.protocolMessage).toMatchObject({ key });
  });
});

describe.each(["lid", "pn"] as const)("messages in a group that names its members by %s", (addressing) => {
  const nameOf = async (number: string) => (addressing === "lid" ? lidOf(number) : jidOf(number));

  it("of the client reach every member; who joins later reads from then on", async () => {
    const { id } = await newGroup(addressing);
    for (const text of ["one", "two"]) await client.sock.sendMessage(id, { text });
    expect((await inbox(bob, 2)).map(({ text, chat, from }) => [text, chat, from])).toEqual([
      ["one", id, own],
      ["two", id, own],
    ]);
    await sandbox.control.groupParticipants({ group: id, action: "add", participants: [eve] });
    await client.sock.sendMessage(id, { text: "three" });
    expect((await inbox(eve, 1)).map(({ text }) => text)).toEqual(["three"]);
    await inbox(bob, 3);
  });

  it("of members reach the client, in order and under the right name", async () => {
    const { id } = await newGroup(addressing);
    await sandbox.control.groupSend({ group: id, from: bob, content: { text: "n {n}" }, count: 3 }, signal);
    await eventually(() => textsIn(id)).toEqual(["n 1", "n 2", "n 3"]);
    const got = client.messages.find(({ key, message }) => key.remoteJid === id && message?.conversation !== undefined);
    expect(got).toMatchObject({ pushName: "Bob", key: { participant: await nameOf(bob), fromMe: false } });
    await client.sock.sendMessage(id, { text: "back" });
    expect((await inbox(bob, 1))[0]?.text).toBe("back");
    await sandbox.control.groupSend({ group: id, from: bob, content: { text: "again" } }, signal);
    await eventually(() => textsIn(id)).toContain("again");
  });

  it("are confirmed by each member, to the client and by it", async () => {
    // The client under test reads receipts of one member each only.
    await sandbox.control.behaviour({ groupReceipts: "single" });
    const { id } = await newGroup(addressing);
    const sent = await client.sock.sendMessage(id, { text: "seen?" });
    const receipts = () =>
      eventsOf("message-receipt.update")
        .flat()
        .filter(({ key }) => key.id === sent?.key.id);
    await eventually(receipts).toHaveLength(1);
    expect(receipts()[0]?.receipt).toMatchObject({ userJid: await nameOf(bob) });
    await sandbox.control.receipt({ number: bob, messageIds: [sent?.key.id ?? ""], type: "read" });
    await eventually(() => receipts().filter(({ receipt }) => receipt.readTimestamp)).toHaveLength(1);
    await sandbox.control.behaviour({ groupReceipts: "aggregated" });
  });

  it("are confirmed by several members in one receipt", async () => {
    const { id } = await newGroup(addressing);
    const sent = await client.sock.sendMessage(id, { text: "who has it?" });
    const parts = () =>
      client
        .stanzas("receipt")
        .filter(({ attrs }) => attrs["from"] === id)
        .flatMap(({ content }) => (Array.isArray(content) ? content : []))
        .filter(({ tag, attrs }) => tag === "participants" && attrs["key"] === sent?.key.id);
    const users = () =>
      parts().flatMap(({ content }) => (Array.isArray(content) ? content.map(({ attrs }) => attrs["jid"]) : []));
    await eventually(users).toContain(await nameOf(bob));
    expect(client.stanzas("receipt").some(({ attrs }) => attrs["from"] === id && attrs["participant"])).toBe(false);
  });

  it("that a member cannot read are sent again by the client", async () => {
    const { id } = await newGroup(addressing);
    await client.sock.sendMessage(id, { text: "first" });
    await inbox(bob, 1);
    await sandbox.control.addFault({ type: "decrypt-fail", match: { number: bob } });
    await client.sock.sendMessage(id, { text: "unreadable" });
    expect((await inbox(bob, 2))[1]?.text).toBe("unreadable");
    await client.sock.sendMessage(id, { text: "after" });
    expect((await inbox(bob, 3))[2]?.text).toBe("after");
  });

  it("that the client cannot read are sent again by the member", async () => {
    const { id } = await newGroup(addressing);
    await sandbox.control.groupSend({ group: id, from: bob, content: { text: "first" } }, signal);
    await eventually(() => textsIn(id)).toEqual(["first"]);
    await sandbox.control.contactSend({ number: bob, to: id, content: { text: "damaged" }, corrupt: true }, signal);
    await eventually(() => textsIn(id)).toEqual(["first", "damaged"]);
    await sandbox.control.groupSend({ group: id, from: bob, content: { text: "after" } }, signal);
    await eventually(() => textsIn(id)).toEqual(["first", "damaged", "after"]);
  });
});
