import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, pairClient } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const ownJid = `${own}@s.whatsapp.net`;
const bob = "5511888880002";
const bobJid = `${bob}@s.whatsapp.net`;
let directory = "";
let statePath = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sandbox-test-"));
  statePath = join(directory, "state.json");
});

afterEach(async () => rm(directory, { recursive: true }));

const inbox = async (sandbox: Sandbox) => sandbox.control.inbox({ number: bob }, signal);
const device = (sandbox: Sandbox) => sandbox.control.state().devices[0];

describe("a sandbox that starts again with its state", () => {
  it("goes on as if nothing had happened: sessions, queue, inbox, settings, faults of life", async () => {
    const before = await openTestSandbox({ statePath });
    await before.control.addContact({ number: bob, name: "Bob", devices: 2, hosted: true });
    await before.control.addContact({ number: "5511777770000", onWhatsApp: false });
    const first = await pairClient(before, { number: own, name: "Own" });
    await first.sock.sendMessage(bobJid, { text: "one" });
    await eventually(async () => (await inbox(before)).map(({ hosted }) => hosted)).toEqual([true]);
    await before.control.contactSend({ number: bob, to: own, content: { text: "answer" } }, signal);
    await eventually(() => first.texts()).toEqual(["answer"]);
    await eventually(() => device(before)?.queued).toBe(0);
    await first.sock.updateLastSeenPrivacy("none");
    await first.sock.updateProfileStatus("here");
    await before.control.behaviour({ autoRead: true });
    await first[Symbol.asyncDispose]();
    const image = { base64: Buffer.from("not really an image").toString("base64") };
    await before.control.contactSend({ number: bob, to: own, content: { image } }, signal);
    await before[Symbol.asyncDispose]();

    await using after = await openTestSandbox({ statePath });
    expect(after.control.config().rootPublicKey).toBe(before.control.config().rootPublicKey);
    expect(after.control.state()).toMatchObject({
      devices: [{ number: own, device: 1, queued: 1, online: false }],
      behaviour: { autoRead: true, autoDeliver: true },
    });
    expect(after.control.state().contacts).toEqual(before.control.state().contacts);
    expect(await inbox(after)).toEqual(await inbox(before));
    await using again = connectClient(after, first.auth);
    await eventually(() => again.messages.some(({ message }) => message?.imageMessage)).toBe(true);
    const { directPath } = again.messages.find(({ message }) => message?.imageMessage)!.message!.imageMessage!;
    expect((await fetch(`${after.url}${directPath}`, { signal })).status).toBe(200);
    await again.opened();
    await again.sock.sendMessage(bobJid, { text: "two" });
    await eventually(async () => (await inbox(after)).map(({ text, seq }) => [text, seq])).toEqual([
      ["one", 1],
      ["two", 2],
    ]);
    await after.control.contactSend({ number: bob, to: own, content: { text: "still me" } }, signal);
    await eventually(() => again.texts()).toContain("still me");
    expect(await again.sock.fetchPrivacySettings(true)).toMatchObject({ last: "none" });
    expect(again.sock.authState.creds.accountSyncCounter).toBe(1);
    expectHonestWire(after);
  });

  it("saves by itself, as a whole, before it is closed", async () => {
    await using sandbox = await openTestSandbox({ statePath });
    await sandbox.control.addContact({ number: bob, name: "Bob" });
    const saved = async () =>
      JSON.parse(await readFile(statePath, "utf8").catch(() => "{}")) as { people?: { name: string }[] };
    await eventually(async () => (await saved()).people?.map(({ name }) => name)).toEqual(["Bob"]);
    await sandbox.control.addContact({ number: bob, name: "Robert" });
    await eventually(async () => (await saved()).people?.map(({ name }) => name)).toEqual(["Robert"]);
  });

  it("an unlinked device stays out", async () => {
    const before = await openTestSandbox({ statePath });
    const first = await pairClient(before, { number: own });
    await before.control.unlink({ number: own });
    await first.closed();
    await before[Symbol.asyncDispose]();
    await using after = await openTestSandbox({ statePath });
    await using again = connectClient(after, first.auth);
    expect(await again.closed()).toBe(401);
  });

  it.each([
    ["is not JSON", "{", "invalid"],
    ["is of something else", "{}", "invalid"],
    ["belongs to another seed", JSON.stringify({ version: 1, seed: "other", people: [] }), "conflict"],
  ])("a file that %s is refused and left alone", async (_, content, code) => {
    await writeFile(statePath, content);
    await expect(openTestSandbox({ statePath })).rejects.toMatchObject({ code });
    expect(await readFile(statePath, "utf8")).toBe(content);
  });
});

describe("a sandbox that remembers nothing", () => {
  it.each([true, false])("takes the client in and learns its keys again (fastPreKeys: %s)", async (fastPreKeys) => {
    const before = await openTestSandbox({ fastPreKeys });
    const first = await pairClient(before, { number: own });
    await first.sock.sendMessage(bobJid, { text: "one" });
    await eventually(async () => (await inbox(before)).length).toBe(1);
    await first[Symbol.asyncDispose]();
    await before[Symbol.asyncDispose]();

    await using after = await openTestSandbox({ fastPreKeys });
    await after.control.migrate({ number: own, lidMigrated: false });
    await using again = connectClient(after, first.auth, { retryRequestDelayMs: 0 });
    await again.opened();
    expect(device(after)).toMatchObject({ number: own, device: 1, online: true, preKeys: fastPreKeys ? 5 : 812 });
    await after.control.contactSend({ number: bob, to: own, content: { text: "who was it" } }, signal);
    await eventually(() => again.texts()).toEqual(["who was it"]);
    await again.sock.sendMessage(bobJid, { text: "two" });
    await eventually(async () => (await inbox(after)).map(({ text }) => text)).toEqual(["two"]);
    expect(after.control.trace().unhandled).toEqual([]);
  });

  it("a message for it waits until the keys are known", async () => {
    const before = await openTestSandbox();
    const first = await pairClient(before, { number: own });
    await first[Symbol.asyncDispose]();
    await before[Symbol.asyncDispose]();
    await using after = await openTestSandbox();
    await after.control.addFault({ type: "iq-timeout", match: { xmlns: "encrypt" } });
    const again = connectClient(after, first.auth, { defaultQueryTimeoutMs: 500 });
    await eventually(() => after.control.state().faults).toEqual([]);
    const sending = after.control.contactSend({ number: bob, to: own, content: { text: "patience" } }, signal);
    await again[Symbol.asyncDispose]();
    await using once = connectClient(after, first.auth);
    await sending;
    await eventually(() => once.texts()).toEqual(["patience"]);
  });

  it("unless it adopts nobody", async () => {
    const before = await openTestSandbox();
    const first = await pairClient(before, { number: own });
    await first[Symbol.asyncDispose]();
    await before[Symbol.asyncDispose]();
    await using after = await openTestSandbox({ adopt: false });
    await using again = connectClient(after, first.auth);
    expect(await again.closed()).toBe(401);
    expect(after.control.trace().refusals).toMatchObject([{ kind: "login", detail: expect.stringContaining(own) }]);
    expect(after.control.state().devices).toEqual([]);
  });

  it("another client that claims to be the device is refused", async () => {
    await using sandbox = await openTestSandbox();
    await using client = await pairClient(sandbox, { number: own });
    const { auth } = await pairClient(sandbox, { number: "5511999990002" }).then(async (other) => {
      await other[Symbol.asyncDispose]();
      return other;
    });
    auth.creds.me = { id: `${own}:1@s.whatsapp.net` };
    await using thief = connectClient(sandbox, auth);
    expect(await thief.closed()).toBe(401);
    expect(client.sock.ws.isOpen).toBe(true);
  });
});

describe("reset", () => {
  it("forgets everybody; the server stays who it is", async () => {
    await using sandbox = await openTestSandbox();
    const { rootPublicKey } = sandbox.control.config();
    const client = await pairClient(sandbox, { number: own });
    await client.sock.sendMessage(bobJid, { text: "one" });
    await eventually(async () => (await inbox(sandbox)).length).toBe(1);
    await sandbox.control.addFault({ type: "ack-drop" });
    await sandbox.control.reset();
    expect(await client.closed()).toBe(428);
    expect(sandbox.control.state()).toMatchObject({ devices: [], contacts: [], groups: [], faults: [], waiting: [] });
    expect(sandbox.control.trace()).toEqual({
      stanzas: [],
      unhandled: [],
      decryptErrors: [],
      refusals: [],
      lapses: [],
      logins: [],
      settings: [],
    });
    expect(await inbox(sandbox)).toEqual([]);
    expect(sandbox.control.config().rootPublicKey).toBe(rootPublicKey);
    await using again = await pairClient(sandbox, { number: own });
    await again.sock.sendMessage(ownJid, { text: "note to self" });
  });
});
