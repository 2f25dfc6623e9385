import { generateParticipantHashV2 } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const bobPn = `${bob}@s.whatsapp.net`;
let bobLid: string;
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox({}, { wire: "any" });
  bobLid = `${(await sandbox.control.addContact({ number: bob, name: "Bob" })).lid}@lid`;
  client = await pairClient(sandbox, { number: own });
  await client.sock.signalRepository.lidMapping.storeLIDPNMappings([{ lid: bobLid, pn: bobPn }]);
});
beforeEach(async () => {
  await sandbox.control.behaviour({ addressing: "checked", numberDevices: "listed", usyncName: "jid" });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

/** What the ack of a message says. */
async function ackOf(to: string, send: (id: string) => Promise<unknown>): Promise<Readonly<Record<string, string>>> {
  const id = `3EB0${Math.random().toString(16).slice(2, 12).toUpperCase()}`;
  await send(id);
  const ack = () =>
    client.stanzas("ack").find(({ attrs }) => attrs["id"] === id && attrs["class"] === "message")?.attrs;
  await eventually(ack).toBeDefined();
  expect(ack()?.["from"]).toBe(to);
  return ack() ?? {};
}

const text = (to: string) => ackOf(to, (messageId) => client.sock.sendMessage(to, { text: `to ${to}` }, { messageId }));

describe("an account", () => {
  it.each([
    [true, "lid", undefined],
    [true, "pn", "463"],
    [false, "pn", undefined],
    [false, "lid", "400"],
  ])(
    "migrated: %s, written to by %s: it refuses the name that its chats do not have",
    async (lidMigrated, form, error) => {
      await sandbox.control.migrate({ number: own, lidMigrated });
      expect((await text(form === "lid" ? bobLid : bobPn))["error"]).toBe(error);
      await sandbox.control.behaviour({ addressing: "any" });
      expect((await text(form === "lid" ? bobLid : bobPn))["error"]).toBeUndefined();
    },
  );

  it("refuses a stanza that mixes the two", async () => {
    await sandbox.control.migrate({ number: own, lidMigrated: true });
    const ack = await ackOf(bobLid, (id) =>
      client.sock.sendNode({
        tag: "message",
        attrs: { id, to: bobLid, type: "text" },
        content: [{ tag: "participants", attrs: {}, content: [{ tag: "to", attrs: { jid: bobPn } }] }],
      }),
    );
    expect(ack["error"]).toBe("400");
  });

  it("lets a message without the number beside the LID pass, and notes it", async () => {
    await sandbox.control.migrate({ number: own, lidMigrated: true });
    const { id } = await text(bobLid);
    const lapses = sandbox.control.trace().lapses.filter(({ messageId }) => messageId === id);
    expect(lapses).toMatchObject([{ number: own, lapse: expect.stringContaining("peer_recipient_pn") }]);
  });

  it("refuses a status that names people by number", async () => {
    const post = (statusJidList: string[]) =>
      ackOf("status@broadcast", (messageId) =>
        client.sock.sendMessage("status@broadcast", { text: "day" }, { messageId, statusJidList }),
      );
    await sandbox.control.migrate({ number: own, lidMigrated: true });
    expect((await post([bobPn]))["error"]).toBe("479");
    expect((await post([bobLid]))["error"]).toBeUndefined();
    await sandbox.control.migrate({ number: own, lidMigrated: false });
    expect((await post([bobPn]))["error"]).toBeUndefined();
  });
});

describe("WhatsApp", () => {
  it("names no devices behind somebody's number, and all behind a LID", async () => {
    await sandbox.control.migrate({ number: own, lidMigrated: true });
    await sandbox.control.behaviour({ numberDevices: "none" });
    const count = async (jid: string) => (await client.sock.getUSyncDevices([jid], false, false)).length;
    expect(await count(bobPn)).toBe(0);
    expect(await count(bobLid)).toBe(1);
    expect(await count(`${own}@s.whatsapp.net`)).toBeGreaterThan(0);
    await sandbox.control.migrate({ number: own, lidMigrated: false });
    expect(await count(bobPn)).toBe(1);
  });

  it("names people by pn_jid alone when it is told to", async () => {
    await sandbox.control.behaviour({ usyncName: "pn_jid" });
    await client.sock.onWhatsApp(bobPn);
    const answer = client.stanzas("iq").findLast(({ content }) => JSON.stringify(content).includes(bobPn));
    expect(JSON.stringify(answer)).toContain(`"pn_jid":"${bobPn}"`);
    expect(JSON.stringify(answer)).not.toContain(`"jid":"${bobPn}"`);
  });

  it("acknowledges a message that nobody can read", async () => {
    await sandbox.control.migrate({ number: own, lidMigrated: true });
    await sandbox.control.behaviour({ addressing: "any", numberDevices: "none" });
    await client.sock.userDevicesCache.flushAll();
    const { id, error } = await text(bobPn);
    expect(error).toBeUndefined();
    await sandbox.control.behaviour({ numberDevices: "listed" });
    const after = await text(bobPn);
    const inbox = async () => (await sandbox.control.inbox({ number: bob }, signal)).map(({ messageId }) => messageId);
    await eventually(inbox).toContain(after["id"]);
    expect(await inbox()).not.toContain(id);
  });

  it("forgets what it noted, with everything else", async () => {
    await using other = await openTestSandbox({}, { wire: "any" });
    await using lax = await pairClient(other, { number: own });
    const { lid } = await other.control.addContact({ number: bob });
    await other.control.behaviour({ addressing: "checked" });
    await other.control.migrate({ number: own, lidMigrated: true });
    await lax.sock.sendMessage(`${lid}@lid`, { text: "no number beside it" });
    await eventually(() => other.control.trace().lapses.length).toBe(1);
    await other.control.reset();
    expect(other.control.trace().lapses).toEqual([]);
  });

  it("says refresh_lid and phash when it is told to", async () => {
    await sandbox.control.migrate({ number: own, lidMigrated: false });
    await sandbox.control.addFault({ type: "ack-refresh-lid", match: { number: own } });
    await sandbox.control.addFault({ type: "ack-phash", match: { number: own } });
    const phash = generateParticipantHashV2([`${own}@s.whatsapp.net`, bobPn]);
    expect(await text(bobPn)).toMatchObject({ refresh_lid: "true", phash });
    const next = await text(bobPn);
    expect([next["refresh_lid"], next["phash"]]).toEqual([undefined, undefined]);
  });
});
