import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapturedMessage } from "#domain/captured.ts";
import type { InstanceSettings } from "#domain/instance.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { autoReadsOf } from "#whatsapp/auto-read.ts";
import { type EngineRig, openEngineRig } from "../faults/engine-rig.ts";
import { textOf } from "../pipeline/rig.ts";
import { openTestSandbox } from "../support/sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 30_000, interval: 20 };

const set = (rig: EngineRig, settings: Partial<InstanceSettings>) =>
  rig.inner.instances.update({ instanceId: rig.instanceId, settings, now: 1 });

/** Stanzas of this kind that the instance's device sent, as text. */
function sent(rig: EngineRig, pattern: RegExp): readonly string[] {
  const { stanzas } = sandbox.control.trace();
  return stanzas
    .filter(({ direction, number, stanza }) => direction === "in" && number === rig.number && pattern.test(stanza))
    .map(({ stanza }) => stanza);
}

const reads = (rig: EngineRig) => sent(rig, /^<receipt [^>]*type=['"]read['"]/);
const idsIn = (stanzas: readonly string[], ids: readonly string[]) =>
  stanzas.flatMap((stanza) => ids.filter((id) => stanza.includes(id)));
const rejects = (rig: EngineRig) => sent(rig, /<reject /);

describe("which messages are read", () => {
  const none = { autoReadMessage: false, autoReadStatus: false };
  const group = { chat: { chatId: "120363000000000001@g.us" } };
  const cases: readonly [string, Partial<CapturedMessage>, Partial<typeof none>, object | undefined][] = [
    ["nothing while both are off", {}, {}, undefined],
    ["a message", {}, { autoReadMessage: true }, { remoteJid: "5511900000002@s.whatsapp.net" }],
    [
      "under the address it came by",
      { chat: { chatId: "5511900000002@s.whatsapp.net", address: "2@lid" } },
      { autoReadMessage: true },
      { remoteJid: "2@lid" },
    ],
    ["in a group, with its author", group, { autoReadMessage: true }, { participant: "5511900000002@s.whatsapp.net" }],
    ["not what we wrote", { fromMe: true }, { autoReadMessage: true }, undefined],
    ["no post of a channel", { chat: { chatId: "1@newsletter" } }, { autoReadMessage: true }, undefined],
    ["no status", { chat: { chatId: "status@broadcast" } }, { autoReadMessage: true }, undefined],
    ["a status", { chat: { chatId: "status@broadcast" } }, { autoReadStatus: true }, { remoteJid: "status@broadcast" }],
    ["only a status", {}, { autoReadStatus: true }, undefined],
  ];
  it.each(cases)("%s", (_, message, settings, key) => {
    const found = autoReadsOf([{ ...textOf(1), ...message }], { ...none, ...settings });
    expect(found).toMatchObject(key === undefined ? [] : [{ key: { id: "M1", fromMe: false, ...key } }]);
  });
});

describe("reading by itself", () => {
  it("marks what is received as read, in order", async () => {
    await using rig = await openEngineRig(sandbox);
    await set(rig, { autoReadMessage: true });
    const ids = await rig.receive("n{n}", 5);
    await expect.poll(() => idsIn(reads(rig), ids), wait).toEqual(ids);
    const chatId = `${rig.contact}@s.whatsapp.net`;
    const unread = async () => (await rig.inner.directory.chat({ instanceId: rig.instanceId, chatId }))?.unread;
    await expect.poll(unread, wait).toBe(0);
  });

  it("names the author of a message in a group, and reads a status only when it is told to", async () => {
    await using rig = await openEngineRig(sandbox);
    await set(rig, { autoReadMessage: true });
    const group = await sandbox.control.createGroup({ subject: "Team", participants: [rig.number, rig.contact] });
    const post = { number: rig.contact, to: "status@broadcast", content: { text: "my day" } };
    const quiet = await sandbox.control.contactSend(post, rig.signal);
    const inGroup = await sandbox.control.groupSend(
      { group: group.id, from: rig.contact, content: { text: "hello all" } },
      rig.signal,
    );
    await expect.poll(() => idsIn(reads(rig), inGroup.messageIds), wait).toEqual(inGroup.messageIds);
    expect(reads(rig).find((stanza) => stanza.includes(group.id))).toMatch(
      /participant=['"]\d+@(?:lid|s\.whatsapp\.net)/,
    );
    expect(idsIn(reads(rig), quiet.messageIds)).toEqual([]);
    await set(rig, { autoReadMessage: false, autoReadStatus: true });
    const seen = await sandbox.control.contactSend(post, rig.signal);
    await expect.poll(() => idsIn(reads(rig), seen.messageIds), wait).toEqual(seen.messageIds);
  });

  it("catches up after a crash between the stored message and its receipt", async () => {
    await using rig = await openEngineRig(sandbox);
    await set(rig, { autoReadMessage: true });
    // Every way to the messages is closed until the process is gone.
    rig.faults.before((method) => {
      if (method === "events.list" || method === "events.since") throw new Error("injected");
    });
    const ids = await rig.receive("n{n}", 3);
    await expect.poll(() => rig.delivered(), wait).toEqual(ids);
    expect(idsIn(reads(rig), ids)).toEqual([]);
    await rig.restart("cut");
    await rig.opened();
    await expect.poll(() => idsIn(reads(rig), ids), wait).toEqual(ids);
  });
});

describe("rejecting calls by itself", () => {
  const call = (rig: EngineRig, video = false) => sandbox.control.call({ number: rig.contact, to: rig.number, video });
  const texts = async (rig: EngineRig) => (await rig.inbox()).map(({ text }) => text);
  // A message that was cut off on its way comes again under its id: the recipient sees one, and so does the inbox.

  it("declines the call and writes to the caller, once for each call", async () => {
    await using rig = await openEngineRig(sandbox);
    await set(rig, { callRejectAuto: true, callRejectMessage: "No calls, please" });
    const first = await call(rig);
    await expect.poll(() => rejects(rig).length, wait).toBe(1);
    expect(rejects(rig)[0]).toContain(first.callId);
    await expect.poll(() => texts(rig), wait).toEqual(["No calls, please"]);
    await set(rig, { callRejectMessage: "" });
    await call(rig, true);
    await expect.poll(() => rejects(rig).length, wait).toBe(2);
    await set(rig, { callRejectAuto: false });
    const last = await call(rig);
    const [behind] = await rig.receive("behind it");
    await expect.poll(() => rig.delivered(), wait).toContain(behind);
    expect(rejects(rig).join()).not.toContain(last.callId);
    expect(await texts(rig)).toHaveLength(1);
  });

  it("sends that message once, also when it crashed before or after it was queued", async () => {
    await using rig = await openEngineRig(sandbox);
    await set(rig, { callRejectAuto: true, callRejectMessage: "No calls, please" });
    rig.faults.before((method) => {
      if (method === "queue.enqueue") throw new Error("injected");
    });
    const { callId } = await call(rig);
    await expect.poll(() => rejects(rig).length, wait).toBe(1);
    await rig.restart("cut");
    await expect.poll(() => texts(rig), wait).toEqual(["No calls, please"]);
    const [{ messageId } = { messageId: "" }] = await rig.inbox();
    await rig.restart("cut");
    await rig.opened();
    // Looking back finds the call again: it is rejected again, and that is all.
    await expect.poll(() => rejects(rig).filter((stanza) => stanza.includes(callId)).length, wait).toBe(3);
    const [behind] = await rig.send(["behind it"]);
    await expect
      .poll(async () => (await rig.inbox()).map((entry) => entry.messageId), wait)
      .toEqual([messageId, behind]);
    expect(await texts(rig)).toEqual(["No calls, please", "behind it"]);
  });
});
