import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const bobJid = `${bob}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  await sandbox.control.addContact({ number: bob, name: "Bob" });
  client = await pairClient(sandbox, { number: own, name: "Own" });
  for (const text of ["one", "two", "three"]) {
    await sandbox.control.contactSend({ number: bob, to: own, content: { text } }, signal);
  }
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const histories = (of: Client) => of.updates.flatMap((events) => events["messaging-history.set"] ?? []);

it("a device linked later gets the chats of the phone", async () => {
  await eventually(() => client.texts()).toEqual(["one", "two", "three"]);
  await client.sock.sendMessage(bobJid, { text: "four" });
  await eventually(async () => (await sandbox.control.inbox({ number: bob }, signal)).length).toBe(1);
  await using second = await pairClient(sandbox, { number: own });
  await eventually(() => histories(second).flatMap(({ chats }) => chats.map(({ id }) => id))).toEqual([bobJid]);
  const shown = histories(second).flatMap(({ messages }) =>
    messages.map(({ key, message }) => [key.fromMe, message?.conversation ?? message?.extendedTextMessage?.text]),
  );
  expect(shown).toEqual([
    [true, "four"],
    [false, "three"],
    [false, "two"],
    [false, "one"],
  ]);
  await second.sock.logout();
});

it("a device asks the phone for what was before", async () => {
  const [, , third] = client.messages.filter(({ message }) => message?.conversation);
  const before = histories(client).length;
  await client.sock.fetchMessageHistory(1, third!.key, 0);
  await eventually(() =>
    histories(client)
      .slice(before)
      .flatMap(({ messages }) => messages.map(({ message }) => message?.conversation)),
  ).toEqual(["two"]);
});

it("somebody who gets a name later is in the address book too", async () => {
  await sandbox.control.addContact({ number: "5511888880003", name: "Carla Dias" });
  const named = () =>
    client.updates.flatMap((events) => events["contacts.upsert"] ?? []).filter(({ name }) => name === "Carla Dias");
  await eventually(named).toMatchObject([{ id: "5511888880003@s.whatsapp.net" }]);
  await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
});
