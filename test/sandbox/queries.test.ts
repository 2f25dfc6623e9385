import { createHash } from "node:crypto";
import { getBinaryNodeChild, type BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { bytesOf, childOf, childrenOf } from "#sandbox/wire/stanza.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const bobJid = `${bob}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox({ fastPreKeys: false }, { wire: "any" });
  client = await pairClient(sandbox, { number: own, name: "Own" });
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const query = async (xmlns: string, type: string, content?: BinaryNode[]) =>
  client.sock.query({ tag: "iq", attrs: { xmlns, type, to: "@s.whatsapp.net" }, ...(content && { content }) });
const node = (tag: string, attrs: Record<string, string> = {}, content?: BinaryNode["content"]): BinaryNode => ({
  tag,
  attrs,
  ...(content !== undefined && { content }),
});

describe("keys", () => {
  it("the device has uploaded its pre-keys, and the digest is what the device computes", async () => {
    expect(sandbox.control.state().devices[0]?.preKeys).toBeGreaterThan(800);
    const digest = childOf(await query("encrypt", "get", [node("digest")]), "digest");
    const value = (path: BinaryNode | undefined, tag: string) => Buffer.from(bytesOf(childOf(path, tag))!);
    const { creds, keys } = client.auth;
    expect(value(digest, "identity")).toEqual(Buffer.from(creds.signedIdentityKey.public));
    expect(value(digest, "registration").readUInt32BE()).toBe(creds.registrationId);
    const skey = childOf(digest, "skey");
    const hash = createHash("sha1").update(creds.signedIdentityKey.public);
    hash.update(value(skey, "value")).update(value(skey, "signature"));
    const listed = childrenOf(childOf(digest, "list"), "id").map((id) =>
      String(Buffer.from(bytesOf(id)!).readUIntBE(0, 3)),
    );
    const held = await keys.get("pre-key", listed);
    for (const id of listed) hash.update(held[id]!.public);
    expect(value(digest, "hash")).toEqual(hash.digest());
  });

  it("a pre-key is given once, and a low supply is filled up", async () => {
    const bundles = async (count: number) => {
      const users = Array.from({ length: count }, () => node("user", { jid: `${own}:1@s.whatsapp.net` }));
      const list = childOf(await query("encrypt", "get", [node("key", {}, users)]), "list");
      return childrenOf(list, "user").map((user) => bytesOf(childOf(childOf(user, "key"), "id")));
    };
    const left = sandbox.control.state().devices[0]!.preKeys;
    const given = await bundles(left - 3);
    expect(new Set(given.map((id) => Buffer.from(id!).toString("hex"))).size).toBe(left - 3);
    await eventually(() => sandbox.control.state().devices[0]!.preKeys).toBeGreaterThan(5);
    await eventually(
      () => client.stanzas("notification").filter(({ attrs }) => attrs["type"] === "encrypt").length,
    ).toBe(1);
  });

  it("somebody who is not on WhatsApp has none", async () => {
    await sandbox.control.addContact({ number: "5511777770001", onWhatsApp: false });
    const users = [node("user", { jid: "5511777770001@s.whatsapp.net" })];
    const list = childOf(await query("encrypt", "get", [node("key", {}, users)]), "list");
    expect(childOf(childrenOf(list)[0], "error")?.attrs["code"]).toBe("404");
  });

  it("the signed pre-key can be changed, by the identity only", async () => {
    const before = client.auth.creds.signedPreKey.keyId;
    await client.sock.rotateSignedPreKey();
    await eventually(() => client.auth.creds.signedPreKey.keyId).toBe(before + 1);
    const forged = [
      node("id", {}, Buffer.from([0, 0, 9])),
      node("value", {}, Buffer.alloc(32, 7)),
      node("signature", {}, Buffer.alloc(64)),
    ];
    await expect(query("encrypt", "set", [node("rotate", {}, [node("skey", {}, forged)])])).rejects.toMatchObject({
      data: 406,
    });
    await sandbox.control.contactSend({ number: bob, to: own, content: { text: "with the new key" } }, signal);
    await eventually(() => client.texts()).toContain("with the new key");
  });
});

describe("who is who", () => {
  it("numbers, LIDs and devices; asking makes nobody known", async () => {
    const before = sandbox.control.state().contacts.length;
    await sandbox.control.addContact({ number: "5511777770002", onWhatsApp: false });
    expect(await client.sock.onWhatsApp(bob, "5511777770002", "5511666660000")).toEqual([
      { jid: bobJid, exists: true },
      { jid: "5511666660000@s.whatsapp.net", exists: true },
    ]);
    expect(sandbox.control.state().contacts.length).toBe(before + 1);
    const { lid } = await sandbox.control.addContact({ number: bob });
    expect(await client.sock.signalRepository.lidMapping.getLIDForPN(bobJid)).toBe(`${lid}@lid`);
    await sandbox.control.addContact({ number: bob, devices: 2 });
    const devices = await client.sock.getUSyncDevices([bobJid], false, false);
    expect(devices.map(({ device }) => device)).toEqual([0, 1]);
  });

  it("about texts and disappearing messages", async () => {
    await client.sock.updateProfileStatus("lost");
    expect((await client.sock.fetchStatus(`${own}@s.whatsapp.net`))?.[0]).not.toMatchObject({
      status: { status: "lost" },
    });
    await sandbox.control.behaviour({ aboutText: "iq" });
    await client.sock.updateProfileStatus("at work");
    const [mine] = (await client.sock.fetchStatus(`${own}@s.whatsapp.net`)) ?? [];
    expect(mine).toMatchObject({ status: { status: "at work" } });
    await client.sock.updateDefaultDisappearingMode(86_400);
    const [mode] = (await client.sock.fetchDisappearingDuration(`${own}@s.whatsapp.net`)) ?? [];
    expect(mode).toMatchObject({ disappearing_mode: { duration: 86_400 } });
  });

  it("a new device of a contact is told to those who talk to it", async () => {
    const number = "5511888880003";
    await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "hi" });
    await eventually(async () => (await sandbox.control.inbox({ number }, signal)).length).toBe(1);
    await sandbox.control.addContact({ number, devices: 2 });
    const notice = () => client.stanzas("notification").findLast(({ attrs }) => attrs["type"] === "devices");
    await eventually(notice).toMatchObject({ attrs: { from: `${number}@s.whatsapp.net` } });
    await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
    await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "to both" });
    const last = () =>
      sandbox.control
        .trace()
        .stanzas.findLast(({ direction, stanza }) => direction === "in" && stanza.startsWith("<message"))?.stanza;
    await eventually(last).toContain(`<to jid="${number}:1@s.whatsapp.net">`);
  });
});

describe("settings", () => {
  it("privacy: what is set is read again", async () => {
    await client.sock.updateLastSeenPrivacy("contacts");
    await client.sock.updateReadReceiptsPrivacy("none");
    expect(await client.sock.fetchPrivacySettings(true)).toMatchObject({
      last: "contacts",
      readreceipts: "none",
      profile: "all",
    });
    const strange = [node("privacy", {}, [node("category", { name: "shoe size", value: "all" })])];
    await expect(query("privacy", "set", strange)).rejects.toMatchObject({ data: 400 });
  });

  it("app state: what one device changes, the other and the world see", async () => {
    await using second = await pairClient(sandbox, { number: own });
    await eventually(() => client.auth.creds.accountSyncCounter).toBe(1);
    await eventually(() => second.auth.creds.accountSyncCounter).toBe(1);
    await client.sock.updateProfileName("Renamed");
    await eventually(() => second.auth.creds.me?.name).toBe("Renamed");
    await client.sock.chatModify({ pin: true }, bobJid);
    const pinned = () =>
      second.updates.flatMap((events) => events["chats.update"] ?? []).find(({ id }) => id === bobJid)?.pinned;
    await eventually(pinned).toBeTruthy();
    await client.sock.sendMessage("5511888880009@s.whatsapp.net", { text: "who am I" });
    await second.sock.logout();
  });

  it("pictures: set, read, removed; contacts have one", async () => {
    const jpeg = Buffer.from(
      "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z",
      "base64",
    );
    const me = `${own}@s.whatsapp.net`;
    await expect(client.sock.profilePictureUrl(me)).rejects.toMatchObject({ data: 404 });
    const attrs = { xmlns: "w:profile:picture", type: "set", to: "@s.whatsapp.net" };
    await client.sock.query({ tag: "iq", attrs, content: [node("picture", { type: "image" }, jpeg)] });
    const url = new URL((await client.sock.profilePictureUrl(me))!);
    expect(url.host).toBe("mmg.whatsapp.net");
    const stored = await fetch(`${sandbox.url}${url.pathname}${url.search}`, { signal });
    expect(Buffer.from(await stored.arrayBuffer())).toEqual(jpeg);
    await client.sock.removeProfilePicture(me);
    await expect(client.sock.profilePictureUrl(me)).rejects.toMatchObject({ data: 404 });
    const theirs = new URL((await client.sock.profilePictureUrl(bobJid))!);
    expect((await fetch(`${sandbox.url}${theirs.pathname}`, { signal })).status).toBe(200);
  });
});

describe("what is not known", () => {
  it("is answered with 501 and recorded; nothing else in this file was", async () => {
    expectHonestWire(sandbox);
    await expect(query("w:nonsense", "get", [node("thing")])).rejects.toMatchObject({ data: 501 });
    expect(sandbox.control.trace().unhandled).toMatchObject([
      { number: own, tag: "iq", xmlns: "w:nonsense", type: "get", child: "thing" },
    ]);
    await using stranger = connectClient(sandbox);
    await stranger.until((state) => state.qr !== undefined);
    const asking = stranger.sock.query({ tag: "iq", attrs: { xmlns: "privacy", type: "get", to: "@s.whatsapp.net" } });
    await expect(asking).rejects.toMatchObject({ data: 501 });
    expect(getBinaryNodeChild(undefined, "x")).toBeUndefined();
  });
});
