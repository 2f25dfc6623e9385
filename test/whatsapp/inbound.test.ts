import { proto, type BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

async function contactSays(rig: SessionRig, text: string, more: { count?: number; corrupt?: boolean } = {}) {
  const { messageIds } = await sandbox.control.contactSend(
    { number: rig.contact, to: rig.number, content: { text }, ...more },
    rig.signal,
  );
  return messageIds;
}

/** Stanzas WhatsApp keeps because nobody has confirmed them. */
const unconfirmed = (rig: SessionRig): number | undefined =>
  sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;

describe("messages that arrive", () => {
  it("are handed over once, in order, with the id their journal entry is settled by", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const ids = await contactSays(rig, "n{n}", { count: 20 });
    await expect.poll(rig.texts, wait).toEqual(ids.map((_, at) => `n${at + 1}`));
    expect(rig.batches.flatMap(({ journalIds }) => journalIds).filter((id) => ids.includes(id))).toEqual(ids);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    expect(rig.batches[1]).toMatchObject({ instanceId: rig.instanceId, own: { phone: rig.number }, offline: false });
  });

  it("while it was away come after it is back, marked as backlog", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await rig.sessions.stop(rig.instanceId);
    const before = rig.batches.length;
    await contactSays(rig, "n{n}", { count: 3 });
    await rig.sessions.start(rig.instanceId);
    await expect.poll(rig.texts, wait).toEqual(["n1", "n2", "n3"]);
    const backlog = rig.batches.slice(before);
    expect(backlog.filter(({ events }) => events?.["messages.upsert"]).every(({ offline }) => offline)).toBe(true);
  });

  it("that cannot be read are asked for again, and then come", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await contactSays(rig, "first");
    await contactSays(rig, "damaged on the way", { corrupt: true });
    await expect.poll(rig.texts, wait).toEqual(["first", "damaged on the way"]);
  });

  it.each<[string, BinaryNode[], boolean]>([
    ["opens once", [{ tag: "unavailable", attrs: { type: "view_once_unavailable_fanout" } }], true],
    ["opens once, in the old form", [{ tag: "unavailable", attrs: { type: "view_once" } }], true],
    ["is of a bot", [{ tag: "enc", attrs: { v: "2", type: "msmsg" }, content: Buffer.from("x") }], false],
    ["has no body", [{ tag: "unavailable", attrs: { type: "hosted_unavailable_fanout" } }], false],
  ])("one that %s is handed over as waiting, at once, and is settled", async (_name, content, once) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const attrs = { id: "3AWAITS", from: `${rig.contact}@s.whatsapp.net`, type: "media", t: "1700000000" };
    rig.sessions.openSocket(rig.instanceId)?.sock.ws.emit("CB:message", { tag: "message", attrs, content });
    const stubs = () => rig.batches.flatMap(({ events }) => events?.["messages.upsert"]?.messages ?? []);
    await expect.poll(() => stubs().filter(({ key }) => key.id === "3AWAITS").length, wait).toBeGreaterThan(0);
    expect(stubs().find(({ key }) => key.id === "3AWAITS")).toMatchObject({
      messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT,
      ...(once ? { key: { isViewOnce: true } } : {}),
    });
    const pending = () => rig.store.authState.pendingJournal({ instanceId: rig.instanceId, limit: 5 });
    await expect.poll(async () => (await pending()).length, wait).toBe(0);
  });

  it("stop being read while the buffer is full, and none is lost", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { promise: room, resolve } = Promise.withResolvers<void>();
    rig.room = () => room;
    const ids = await contactSays(rig, "n{n}", { count: 200 });
    await expect.poll(() => rig.texts().length, wait).toBeGreaterThan(0);
    rig.room = () => undefined;
    resolve();
    await expect.poll(() => rig.texts().length, wait).toBe(ids.length);
    expect(rig.texts()).toEqual(ids.map((_, at) => `n${at + 1}`));
  });
});

describe("nothing confirmed is lost", () => {
  it("a failed commit: no receipt leaves, the socket stops, and the redelivered message is read", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await contactSays(rig, "before");
    await expect.poll(rig.texts, wait).toEqual(["before"]);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    rig.authStore.fail = ({ journal }) => (journal === undefined ? undefined : new WazapiError("storage"));
    await contactSays(rig, "while the disk is full");
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected storage_failed"]));
    expect(unconfirmed(rig)).toBe(1);
    expect(rig.texts()).toEqual(["before"]);
    rig.authStore.fail = () => undefined;
    await expect.poll(rig.texts, wait).toEqual(["before", "while the disk is full"]);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
  });

  it("a process that dies with the message in memory: the next one finds it in the journal", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    rig.persists = false;
    await contactSays(rig, "confirmed but not stored");
    await expect.poll(() => rig.authStore.commits.some(({ journal }) => journal !== undefined), wait).toBe(true);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    await rig.sessions[Symbol.asyncDispose]();
    rig.persists = true;
    const next = rig.other("two");
    await next.startAll(rig.signal);
    await expect.poll(rig.texts, wait).toEqual(["confirmed but not stored"]);
  });

  it("a receipt that got lost: the redelivered message is confirmed from the journal, not refused", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await contactSays(rig, "before");
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    // The connection breaks between the commit and the receipt.
    rig.authStore.before = async ({ journal }) => {
      if (journal === undefined) return;
      rig.authStore.before = () => Promise.resolve();
      await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
      await expect.poll(() => rig.sessions.isOpen(rig.instanceId), wait).toBe(false);
    };
    await contactSays(rig, "receipt lost");
    await rig.opened();
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    await expect.poll(rig.texts, wait).toContain("receipt lost");
    const pending = await rig.store.authState.pendingJournal({ instanceId: rig.instanceId, limit: 10 });
    expect(pending).toEqual([]);
  });

  it("the worker that looks for gaps gets what is old enough", async () => {
    await using rig = await openSessionRig(sandbox);
    const { instanceId } = rig;
    await rig.pair();
    rig.persists = false;
    await contactSays(rig, "stuck");
    await expect
      .poll(async () => (await rig.store.authState.pendingJournal({ instanceId, limit: 9 })).length, wait)
      .toBe(1);
    rig.persists = true;
    expect(await rig.sessions.replayJournal({ instanceId, olderThanMs: 60_000 }, rig.signal)).toBe(0);
    expect(await rig.sessions.replayJournal({ instanceId, olderThanMs: 0 }, rig.signal)).toBe(1);
    expect(rig.texts()).toEqual(["stuck"]);
  });
});

describe("receipts that arrive", () => {
  it("come raw with their device, are journaled first, and are acknowledged", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    expect(await rig.sendText("3EB0RECEIPT01", "hi")).toMatchObject({ outcome: "acked" });
    await expect.poll(() => rig.batches.filter(({ stanza }) => stanza?.tag === "receipt").length, wait).toBe(1);
    const batch = rig.batches.find(({ stanza }) => stanza?.tag === "receipt");
    expect(batch?.stanza?.attrs).toMatchObject({ id: "3EB0RECEIPT01", from: expect.stringContaining("@") });
    const journaled = rig.authStore.commits.flatMap(({ journal }) => journal ?? []);
    expect(journaled.map(({ stanzaId }) => stanzaId)).toContain(batch?.journalIds[0]);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
  });

  it("a receipt whose entry cannot be written is not acknowledged and comes again", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    rig.authStore.fail = ({ journal }) => (journal?.[0]?.kind === "stanza" ? new WazapiError("storage") : undefined);
    await rig.sendText("3EB0RECEIPT02", "hi");
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected storage_failed"]));
    expect(unconfirmed(rig)).toBe(1);
    rig.authStore.fail = () => undefined;
    await expect.poll(() => rig.batches.some(({ stanza }) => stanza?.attrs["id"] === "3EB0RECEIPT02"), wait).toBe(true);
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
  });
});

describe("whatever arrives", () => {
  const asksFor = (rig: SessionRig) => ({ number: rig.contact, to: rig.number });
  it.each<[string, (rig: SessionRig) => Promise<unknown>]>([
    ["a message", (rig) => contactSays(rig, "oi")],
    [
      "a message in a group",
      async (rig) => {
        const { control } = sandbox;
        const { id: group } = await control.createGroup({ subject: "G", participants: [rig.contact, rig.number] });
        return await control.groupSend({ group, from: rig.contact, content: { text: "oi" } }, rig.signal);
      },
    ],
    [
      "a notification",
      (rig) => sandbox.control.createGroup({ subject: "Group", participants: [rig.contact, rig.number] }),
    ],
    ["a call", (rig) => sandbox.control.call(asksFor(rig))],
    ["a receipt", (rig) => rig.sendText("3EB0WINDOW01", "hi")],
  ])("%s is not confirmed as long as it is not on the disk", async (_name, happen) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    let held = 0;
    rig.authStore.before = ({ journal = [] }) => {
      if (journal.length === 0) return Promise.resolve();
      held += 1;
      return stored;
    };
    await happen(rig);
    await expect.poll(() => held, wait).toBeGreaterThan(0);
    const before = unconfirmed(rig);
    expect(before).toBeGreaterThan(0);
    // Whatever could leave now would be on the server after a query and its answer.
    await rig.sessions.openSocket(rig.instanceId)?.sock.fetchPrivacySettings(true);
    expect(unconfirmed(rig)).toBe(before);
    store();
    await expect.poll(() => unconfirmed(rig), wait).toBe(0);
  });
});
