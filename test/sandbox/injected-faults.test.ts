import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const bobJid = `${bob}@s.whatsapp.net`;
const image = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  client = await pairClient(sandbox, { number: own }, { defaultQueryTimeoutMs: 300 });
});

afterEach(async () => {
  expect(sandbox.control.state().faults).toEqual([]);
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const send = async (text: string) => (await client.sock.sendMessage(bobJid, { text }))!.key.id!;
const acks = (id: string) => client.stanzas("ack").filter(({ attrs }) => attrs["id"] === id);
const got = async (id: string) =>
  (await sandbox.control.inbox({ number: bob }, signal)).some(({ messageId }) => messageId === id);

describe("acks", () => {
  it("ack-error: refused with the code, and nobody gets it", async () => {
    await sandbox.control.addFault({ type: "ack-error", match: { number: own }, code: 479 });
    const id = await send("refused");
    await eventually(() => acks(id).map(({ attrs }) => attrs["error"])).toEqual(["479"]);
    const next = await send("next");
    await eventually(() => acks(next).length).toBe(1);
    expect(await got(id)).toBe(false);
    const updates = () => client.updates.flatMap((events) => events["messages.update"] ?? []);
    await eventually(() => updates().find(({ key }) => key.id === id)?.update.messageStubParameters).toEqual(["479"]);
  });

  it("ack-error without a code: the account is restricted", async () => {
    await sandbox.control.addFault({ type: "ack-error" });
    const id = await send("restricted");
    await eventually(() => acks(id).map(({ attrs }) => attrs["error"])).toEqual(["463"]);
  });

  it("ack-drop: delivered but never acknowledged", async () => {
    await sandbox.control.addFault({ type: "ack-drop", match: { number: own } });
    const id = await send("no ack");
    await eventually(async () => got(id)).toBe(true);
    const next = await send("next");
    await eventually(() => acks(next).length).toBe(1);
    expect(acks(id)).toEqual([]);
  });

  it("ack-delay: acknowledged later than the next one", async () => {
    await sandbox.control.addFault({ type: "ack-delay", match: { number: own }, ms: 60 });
    const id = await send("late ack");
    const next = await send("next");
    await eventually(() => acks(id).length).toBe(1);
    const all = client.stanzas("ack").map(({ attrs }) => attrs["id"]);
    expect(all.indexOf(id)).toBeGreaterThan(all.indexOf(next));
  });
});

describe("queries", () => {
  it.each([
    [undefined, 500],
    [429, 429],
  ])("iq-error %s: the client gets %i, once", async (code, expected) => {
    await sandbox.control.addFault({
      type: "iq-error",
      match: { xmlns: "privacy" },
      ...(code !== undefined && { code }),
    });
    await expect(client.sock.fetchPrivacySettings(true)).rejects.toMatchObject({ data: expected });
    expect(await client.sock.fetchPrivacySettings(true)).toMatchObject({ last: "all" });
  });

  it("iq-timeout: no answer, once", async () => {
    await sandbox.control.addFault({ type: "iq-timeout", match: { xmlns: "blocklist", number: own } });
    const pending = client.sock.query(
      { tag: "iq", attrs: { xmlns: "blocklist", type: "get", to: "@s.whatsapp.net" } },
      100,
    );
    await expect(pending).rejects.toThrow(/timed out/i);
    expect(await client.sock.fetchBlocklist()).toEqual([]);
  });
});

describe("media", () => {
  it("upload-fail: every host fails, then it works", async () => {
    await sandbox.control.addFault({ type: "upload-fail", match: { number: own }, code: 503 });
    const failing = client.sock.sendMessage(bobJid, { image, jpegThumbnail: "" });
    await expect(failing).rejects.toThrow(/upload/i);
    await client.sock.sendMessage(bobJid, { image, jpegThumbnail: "" });
  });

  it("download-fail: once", async () => {
    const content = { image: { base64: image.toString("base64") } };
    const { messageIds } = await sandbox.control.contactSend({ number: bob, to: own, content }, signal);
    await eventually(() => client.messages.some(({ key }) => key.id === messageIds[0])).toBe(true);
    const { message } = client.messages.find(({ key }) => key.id === messageIds[0])!;
    const { directPath } = message!.imageMessage!;
    await sandbox.control.addFault({ type: "download-fail", code: 410 });
    expect((await fetch(`${sandbox.url}${directPath}`, { signal })).status).toBe(410);
    expect((await fetch(`${sandbox.url}${directPath}`, { signal })).status).toBe(200);
  });
});

describe("silence", () => {
  it("ends after its time, and what came meanwhile is sent then", async () => {
    await sandbox.control.addFault({ type: "silent", match: { number: own }, ms: 80 });
    const before = client.stanzas("message").length;
    const { messageIds } = await sandbox.control.contactSend(
      { number: bob, to: own, content: { text: "held back" } },
      signal,
    );
    await expect(
      client.sock.query({ tag: "iq", attrs: { xmlns: "w:p", type: "get", to: "@s.whatsapp.net" } }, 20),
    ).rejects.toThrow(/timed out/i);
    expect(client.stanzas("message").length).toBe(before);
    await eventually(() => client.messages.some(({ key }) => key.id === messageIds[0])).toBe(true);
    await client.sock.query({ tag: "iq", attrs: { xmlns: "w:p", type: "get", to: "@s.whatsapp.net" } }, 1000);
  });
});

describe("what a fault does not understand", () => {
  it.each([
    [{ type: "ack-delay" }],
    [{ type: "upload-fail", match: { messageId: "X" } }],
    [{ type: "silent", code: 5 }],
  ] as const)("%j is refused", async (fault) => {
    await expect(sandbox.control.addFault(fault)).rejects.toMatchObject({ code: "invalid" });
  });
});
