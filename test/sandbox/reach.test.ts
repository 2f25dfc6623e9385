import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BinaryNode, WAMessage } from "@whiskeysockets/baileys";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";

const own = "5511977770001";
let sandbox: Sandbox;
let client: Client;
let serial = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({}, { wire: "any" });
  client = await pairClient(sandbox, { number: own, name: "Own" });
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const wait = { timeout: 8_000 };
const signal = AbortSignal.timeout(60_000);
const person = async () =>
  await sandbox.control.addContact({ number: `5521${String(900_000_000 + (serial += 1))}`, name: "Person" });
const writes = async (number: string): Promise<void> => {
  const { messageIds } = await sandbox.control.contactSend({ number, to: own, content: { text: "hi" } }, signal);
  await expect.poll(() => client.messages.some(({ key }) => key.id === messageIds[0]), wait).toBe(true);
  await expect.poll(() => sandbox.control.state().devices[0]?.queued, wait).toBe(0);
};
/** The error in the ack of a text, undefined when it was taken. */
async function errorOf(number: string): Promise<string | undefined> {
  const sent: WAMessage | undefined = await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "hello" });
  const ack = () => client.stanzas("ack").find(({ attrs }: BinaryNode) => attrs["id"] === sent?.key.id);
  await expect.poll(ack, wait).toBeDefined();
  return ack()?.attrs["error"];
}
const locks = () => client.updates.flatMap((update) => update["connection.update"]?.reachoutTimeLock ?? []);
const reachOuts = () => sandbox.control.trace().refusals.filter(({ kind }) => kind === "reach-out");

describe("new chats", () => {
  it("locked: strangers are refused, and a second try within a minute is recorded; groups and old chats pass", async () => {
    const [stranger, friend] = [await person(), await person()];
    await writes(friend.number);
    const group = await sandbox.control.createGroup({ subject: "G", participants: [own, stranger.number] });
    await sandbox.control.restrict({ number: own, seconds: 600 });
    expect(await errorOf(stranger.number)).toBe("463");
    expect(reachOuts()).toEqual([]);
    expect(await errorOf(stranger.number)).toBe("463");
    expect(reachOuts()).toHaveLength(1);
    expect(await errorOf(friend.number)).toBeUndefined();
    const toGroup = await client.sock.sendMessage(group.id, { text: "hello" });
    await expect
      .poll(() => client.stanzas("ack").some(({ attrs }) => attrs["id"] === toGroup?.key.id), wait)
      .toBe(true);
    expect(client.stanzas("ack").find(({ attrs }) => attrs["id"] === toGroup?.key.id)?.attrs["error"]).toBeUndefined();
    // Who writes first is no stranger any more.
    await writes(stranger.number);
    expect(await errorOf(stranger.number)).toBeUndefined();
    await sandbox.control.release({ number: own });
    expect(await errorOf((await person()).number)).toBeUndefined();
  });

  it("locked: begin and end are told, and the query answers the same", async () => {
    const until = (Math.floor(Date.now() / 1000) + 600) * 1000;
    const count = locks().length;
    await sandbox.control.restrict({ number: own, until, kind: "BIZ_QUALITY" });
    await expect.poll(() => locks().length, wait).toBe(count + 1);
    const lock = { isActive: true, timeEnforcementEnds: new Date(until), enforcementType: "BIZ_QUALITY" };
    expect(locks().at(-1)).toEqual(lock);
    expect(await client.sock.fetchAccountReachoutTimelock()).toEqual(lock);
    await sandbox.control.release({ number: own });
    await expect.poll(() => locks().at(-1)?.isActive, wait).toBe(false);
    expect(await client.sock.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false });
    // By itself, at its end.
    await sandbox.control.restrict({ number: own, until: Date.now() + 300 });
    await expect.poll(() => locks().at(-1)?.isActive, wait).toBe(true);
    await expect.poll(() => locks().at(-1)?.isActive, wait).toBe(false);
  });

  it("quota: each new person counts once, warnings come, and beyond it new people are refused", async () => {
    const people = [await person(), await person()] as const;
    await sandbox.control.newChats({ number: own, total: 1 });
    expect(await client.sock.fetchNewChatMessageCap()).toMatchObject({
      total_quota: 1,
      used_quota: 0,
      capping_status: "NONE",
    });
    expect([await errorOf(people[0].number), await errorOf(people[0].number)]).toEqual([undefined, undefined]);
    expect(await client.sock.fetchNewChatMessageCap()).toMatchObject({ used_quota: 1, capping_status: "CAPPED" });
    await expect
      .poll(() => client.updates.flatMap((update) => update["message-capping.update"] ?? []).at(-1), wait)
      .toMatchObject({ used_quota: 1, capping_status: "CAPPED" });
    expect(await errorOf(people[1].number)).toBe("475");
    await sandbox.control.newChats({ number: own, total: 100 });
    expect(await errorOf(people[1].number)).toBeUndefined();
  });

  it("token: a device that has it must send it, a message that carries it is for nobody strange", async () => {
    const friend = await person();
    await writes(friend.number);
    const name = `${friend.lid}@lid`;
    await expect.poll(async () => (await client.auth.keys.get("tctoken", [name]))[name], wait).toBeDefined();
    const { [name]: token } = await client.auth.keys.get("tctoken", [name]);
    expect(await errorOf(friend.number)).toBeUndefined();
    await client.sock.authState.keys.set({ tctoken: { [name]: null } });
    expect(await errorOf(friend.number)).toBe("463");
    await sandbox.control.behaviour({ tctoken: "ignored" });
    await client.sock.authState.keys.set({ tctoken: { [name]: null } });
    expect(await errorOf(friend.number)).toBeUndefined();
    await sandbox.control.behaviour({ tctoken: "demanded" });
    // A notice brings a newer one.
    await sandbox.control.giveToken({ number: friend.number, to: own });
    await expect
      .poll(async () => Number((await client.auth.keys.get("tctoken", [name]))[name]?.timestamp), wait)
      .toBeGreaterThan(Number(token!.timestamp));
    expect(await errorOf(friend.number)).toBeUndefined();
  });
});
