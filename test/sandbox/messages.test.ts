import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(120_000);
const own = "5511999990001";
const ownJid = `${own}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;
let serial = 0;
/** Somebody nobody wrote to yet. */
let bob = "";
let bobJid = "";

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
  bob = `55118888${String(serial).padStart(5, "0")}`;
  bobJid = `${bob}@s.whatsapp.net`;
  await sandbox.control.addContact({ number: bob, name: `Bob ${serial}` });
  await sandbox.control.behaviour({ autoDeliver: true, autoRead: false, echoBot: false, receiptDelayMs: 0 });
});

afterEach(async () => {
  await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
  expectHonestWire(sandbox);
});

const lidOf = async (number: string) => `${(await sandbox.control.addContact({ number })).lid}@lid`;
const says = async (text: string, more: { addressing?: "pn" | "lid"; count?: number } = {}) =>
  (await sandbox.control.contactSend({ number: bob, to: own, content: { text }, ...more }, signal)).messageIds;
const inbox = async (count: number, number = bob): Promise<readonly InboxEntry[]> => {
  await eventually(async () => (await sandbox.control.inbox({ number }, signal)).length).toBe(count);
  return sandbox.control.inbox({ number }, signal);
};
const receiptsFor = (id: string | null | undefined) =>
  client
    .stanzas("receipt")
    .filter(({ attrs }) => attrs["id"] === id)
    .map(({ attrs }) => attrs["type"] ?? "delivered");
const arrivals = (id: string) => client.messages.filter(({ key }) => key.id === id);

describe("what the client sends", () => {
  it.each(["pn", "lid"] as const)(
    "to the contact's %s: read, acknowledged, delivered under that address",
    async (addressing) => {
      const to = addressing === "pn" ? bobJid : await lidOf(bob);
      const sent = await client.sock.sendMessage(to, { text: "hello" });
      const id = sent?.key.id;
      const [entry] = await inbox(1);
      expect(entry).toMatchObject({ messageId: id, from: own, text: "hello", copies: 1, seq: 1 });
      expect(entry?.chat).toBe(addressing === "pn" ? ownJid : await lidOf(own));
      await eventually(() => receiptsFor(id)).toEqual(["delivered"]);
      const answers = [...client.stanzas("ack"), ...client.stanzas("receipt")].filter(
        ({ attrs }) => attrs["id"] === id,
      );
      expect(answers.map(({ attrs }) => attrs["from"])).toEqual([to, to]);
    },
  );

  it("the session ratchets: both sides use it up and down", async () => {
    for (const text of ["one", "two"]) await client.sock.sendMessage(bobJid, { text });
    await inbox(2);
    await says("three");
    await eventually(() => client.texts().at(-1)).toBe("three");
    await client.sock.sendMessage(bobJid, { text: "four" });
    await says("five");
    await eventually(() => client.texts().at(-1)).toBe("five");
    expect((await inbox(3)).map(({ text }) => text)).toEqual(["one", "two", "four"]);
  });

  it("the same message id again is one entry with two copies", async () => {
    await client.sock.sendMessage(bobJid, { text: "twice" }, { messageId: "3EB0TWICE" });
    await client.sock.sendMessage(bobJid, { text: "twice" }, { messageId: "3EB0TWICE" });
    await eventually(async () => (await inbox(1))[0]?.copies).toBe(2);
  });

  it("reaches every device of a contact; the phone's inbox counts once", async () => {
    await sandbox.control.addContact({ number: bob, devices: 3 });
    await client.sock.sendMessage(bobJid, { text: "all of you" });
    expect((await inbox(1))[0]?.copies).toBe(1);
    const [message] = sandbox.control
      .trace()
      .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.startsWith("<message"))
      .slice(-1);
    expect(message?.stanza.match(/<to jid="/g)).toHaveLength(4);
  });

  it("replies, reactions, edits and revokes name what they are about", async () => {
    const [id = ""] = await says("question");
    await eventually(() => arrivals(id).length).toBe(1);
    const asked = arrivals(id)[0]!;
    await client.sock.sendMessage(bobJid, { text: "answer" }, { quoted: asked });
    await client.sock.sendMessage(bobJid, { react: { text: "👍", key: asked.key } });
    const wrong = await client.sock.sendMessage(bobJid, { text: "tpyo" });
    await client.sock.sendMessage(bobJid, { text: "typo", edit: wrong!.key });
    await client.sock.sendMessage(bobJid, { delete: wrong!.key });
    // The contact's own question is nothing it received.
    const entries = await inbox(5);
    expect(entries.map(({ type, text }) => [type, text])).toEqual([
      ["text", "answer"],
      ["reaction", "👍"],
      ["text", "tpyo"],
      ["edit", "typo"],
      ["revoke", undefined],
    ]);
    expect(entries[0]?.content).toMatchObject({ extendedTextMessage: { contextInfo: { stanzaId: id } } });
  });

  it("media: what the contact got can be read from the media server", async () => {
    const image = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await client.sock.sendMessage(bobJid, { image, caption: "pixel", jpegThumbnail: "" });
    const answer = await fetch(`${sandbox.url}/sandbox/contacts/${bob}/inbox?wait=5`, { signal });
    expect(await answer.json()).toMatchObject([
      { type: "image", text: "pixel", media: { verified: true, fileLength: image.length } },
    ]);
  });
});

describe("receipts of contacts", () => {
  it.each<[Parameters<Sandbox["control"]["behaviour"]>[0], string[]]>([
    [{ autoDeliver: true, autoRead: true }, ["delivered", "read"]],
    [{ autoDeliver: false, autoRead: true }, ["read"]],
    [{ autoDeliver: true, autoRead: true, receiptDelayMs: 20 }, ["delivered", "read"]],
  ])("by themselves: %j", async (behaviour, expected) => {
    await sandbox.control.behaviour(behaviour);
    const sent = await client.sock.sendMessage(bobJid, { text: "x" });
    await eventually(() => receiptsFor(sent?.key.id)).toEqual(expected);
  });

  it("on request: read and played, many at once, but never of messages it does not know", async () => {
    await sandbox.control.behaviour({ autoDeliver: false });
    const ids: string[] = [];
    for (const text of ["a", "b", "c"]) ids.push((await client.sock.sendMessage(bobJid, { text }))!.key.id!);
    await inbox(3);
    for (const type of ["delivered", "read", "played"] as const) {
      await sandbox.control.receipt({ number: bob, messageIds: ids, type });
    }
    await eventually(() => receiptsFor(ids[0])).toEqual(["delivered", "read", "played"]);
    await eventually(
      () =>
        client.updates
          .flatMap((events) => events["messages.update"] ?? [])
          .filter(({ update }) => Number(update.status) === 5).length,
    ).toBe(3);
    const unknown = sandbox.control.receipt({ number: bob, messageIds: ["NOBODY"], type: "read" });
    await expect(unknown).rejects.toMatchObject({ code: "not_found" });
  });

  it("an echo bot answers with the same text", async () => {
    await sandbox.control.behaviour({ echoBot: true });
    await client.sock.sendMessage(bobJid, { text: "is anybody there" });
    await eventually(() => client.texts().at(-1)).toBe("is anybody there");
    expect(client.messages.at(-1)?.key.remoteJid).toBe(bobJid);
  });
});

describe("what contacts send", () => {
  it.each(["pn", "lid"] as const)("from the %s: chat, other address and name", async (addressing) => {
    const lid = await lidOf(bob);
    const [id = ""] = await says("hi", { addressing });
    await eventually(() => arrivals(id).length).toBe(1);
    const [chat, alt] = addressing === "pn" ? [bobJid, lid] : [lid, bobJid];
    expect(arrivals(id)[0]).toMatchObject({
      key: { remoteJid: chat, remoteJidAlt: alt, fromMe: false },
      pushName: `Bob ${serial}`,
    });
  });

  it("a contact answers from the address the conversation was last held on", async () => {
    await client.sock.sendMessage(await lidOf(bob), { text: "by lid" });
    await inbox(1);
    const [id = ""] = await says("answer");
    await eventually(() => arrivals(id)[0]?.key.remoteJid).toBe(await lidOf(bob));
  });

  it("both addresses in turn, both ways, with one client session", async () => {
    const lid = await lidOf(bob);
    for (const [to, addressing] of [
      [bobJid, "lid"],
      [lid, "pn"],
      [bobJid, "pn"],
      [lid, "lid"],
    ] as const) {
      await client.sock.sendMessage(to, { text: `to ${to}` });
      const [id = ""] = await says(`by ${addressing}`, { addressing });
      await eventually(() => arrivals(id).length).toBe(1);
    }
    await inbox(4);
  });

  it("many at once arrive in order, and the process goes on meanwhile", async () => {
    let turns = 0;
    const busy = new AbortController();
    const count = async (): Promise<void> => {
      while (!busy.signal.aborted) {
        turns += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const counting = count();
    const ids = await says("n{n}", { count: 300 });
    busy.abort();
    await counting;
    expect(turns).toBeGreaterThan(15);
    await eventually(() => client.texts().filter((text) => /^n\d+$/.test(text)).length).toBe(300);
    expect(client.texts().filter((text) => /^n\d+$/.test(text))).toEqual(ids.map((_, at) => `n${at + 1}`));
  });

  it("a message id of one's own, and none twice by accident", async () => {
    const content = { text: "named" };
    const named = { number: bob, to: own, content, messageId: "MYID" };
    expect(await sandbox.control.contactSend(named, signal)).toEqual({ messageIds: ["MYID"] });
    const twice = sandbox.control.contactSend({ ...named, count: 2 }, signal);
    await expect(twice).rejects.toMatchObject({ code: "invalid" });
    await eventually(() => arrivals("MYID").length).toBe(1);
  });

  it("reply and reaction to what the client wrote", async () => {
    const sent = await client.sock.sendMessage(bobJid, { text: "mine" });
    await inbox(1);
    const id = sent!.key.id!;
    const reply = { text: "yours?", reply: id };
    const { messageIds } = await sandbox.control.contactSend({ number: bob, to: own, content: reply }, signal);
    await sandbox.control.contactSend(
      { number: bob, to: own, content: { reaction: { messageId: id, emoji: "🙂" } } },
      signal,
    );
    await eventually(() => arrivals(messageIds[0]!)[0]?.message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(id);
    const reactions = () => client.updates.flatMap((events) => events["messages.reaction"] ?? []);
    await eventually(() => reactions().at(-1)).toMatchObject({ key: { id, fromMe: true }, reaction: { text: "🙂" } });
  });

  it("somebody the account blocked does not get through", async () => {
    await client.sock.sendMessage(bobJid, { text: "before" });
    await inbox(1);
    await client.sock.updateBlockStatus(bobJid, "block");
    expect(await client.sock.fetchBlocklist()).toEqual([await lidOf(bob)]);
    const [blocked = ""] = await says("unheard");
    await client.sock.updateBlockStatus(bobJid, "unblock");
    const [heard = ""] = await says("heard");
    await eventually(() => arrivals(heard).length).toBe(1);
    expect(arrivals(blocked)).toEqual([]);
  });

  it.each([
    ["to a number without a client", { to: "5511777770000" }, "not_found"],
    ["to what is no number", { to: "nobody@nowhere" }, "invalid"],
    ["by somebody who is not on WhatsApp", { number: "5511777770001" }, "not_found"],
  ])("%s: refused", async (_, change, code) => {
    await sandbox.control.addContact({ number: "5511777770001", onWhatsApp: false });
    const input = { number: bob, to: own, content: { text: "x" }, ...change };
    await expect(sandbox.control.contactSend(input, signal)).rejects.toMatchObject({ code });
  });
});

describe("the own phone", () => {
  it("what is typed on it reaches the contact and the client, as own message in that chat", async () => {
    const content = { text: "from my pocket" };
    const { messageIds } = await sandbox.control.phoneSend({ number: own, to: bob, content }, signal);
    const [id = ""] = messageIds;
    expect((await inbox(1))[0]).toMatchObject({ messageId: id, text: "from my pocket", from: own });
    await eventually(() => arrivals(id)[0]?.key).toMatchObject({ remoteJid: bobJid, fromMe: true });
    expect(arrivals(id)[0]?.message?.conversation).toBe("from my pocket");
  });

  it("it knows what the client wrote, and can react to it", async () => {
    const sent = await client.sock.sendMessage(bobJid, { text: "typed on the client" });
    await inbox(1);
    const content = { reaction: { messageId: sent!.key.id!, emoji: "✅" } };
    await sandbox.control.phoneSend({ number: own, to: bob, content }, signal);
    expect((await inbox(2))[1]).toMatchObject({ type: "reaction", text: "✅" });
  });

  it("only accounts have one", async () => {
    const input = { number: bob, to: own, content: { text: "x" } };
    await expect(sandbox.control.phoneSend(input, signal)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("two clients", () => {
  it("write to each other through the server, with receipts, and their phones follow", async () => {
    await using other = await pairClient(sandbox, { number: bob, name: "Other" }, { markOnlineOnConnect: true });
    const sent = await client.sock.sendMessage(bobJid, { text: "client to client" });
    await eventually(() => other.texts()).toEqual(["client to client"]);
    expect(other.messages.at(-1)).toMatchObject({ key: { remoteJid: ownJid, id: sent?.key.id }, pushName: "Own" });
    const froms = () =>
      client
        .stanzas("receipt")
        .filter(({ attrs }) => attrs["id"] === sent?.key.id)
        .map(({ attrs }) => attrs["from"]);
    await eventually(() => froms().toSorted()).toEqual([`${bob}:1@s.whatsapp.net`, bobJid]);
    await other.sock.readMessages([other.messages.at(-1)!.key]);
    await eventually(() => receiptsFor(sent?.key.id)).toContain("read");
    await other.sock.sendMessage(ownJid, { text: "and back" });
    await eventually(() => client.texts().at(-1)).toBe("and back");
    expect((await inbox(1))[0]).toMatchObject({ text: "client to client" });
    await other.sock.sendPresenceUpdate("composing", ownJid);
    await eventually(() => client.stanzas("chatstate").at(-1)?.attrs["from"]).toBe(bobJid);
  });

  it("of one account see each other's messages", async () => {
    await using second = await pairClient(sandbox, { number: own });
    const sent = await client.sock.sendMessage(bobJid, { text: "from device 1" });
    await eventually(() => second.messages.find(({ key }) => key.id === sent?.key.id)?.key).toMatchObject({
      remoteJid: bobJid,
      fromMe: true,
    });
    const [id = ""] = await says("to both");
    await eventually(() =>
      [client, second].map(({ messages }) => messages.filter(({ key }) => key.id === id).length),
    ).toEqual([1, 1]);
    await second.sock.logout();
    await eventually(() => sandbox.control.state().devices.filter(({ number }) => number === own).length).toBe(1);
  });
});
