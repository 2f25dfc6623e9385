import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { connectClient, pairClient, type Client } from "../baileys.ts";
import { eventually } from "../eventually.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990201";
const members = ["5511888880201", "5511888880202", "5511888880203"] as const;
let sandbox: Sandbox;
let client: Client;
let group: string;

beforeAll(async () => {
  sandbox = await openTestSandbox({}, { wire: "any" });
  client = await pairClient(sandbox, { number: own, name: "Own" }, { retryRequestDelayMs: 0 });
  group = (await sandbox.control.createGroup({ subject: "G", participants: [own, ...members] })).id;
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const requests = (id: string | null | undefined) =>
  client.stanzas("receipt").filter(({ attrs }) => attrs["type"] === "retry" && attrs["id"] === id);
const childTags = (nodes: ReturnType<typeof requests>) =>
  nodes.map(({ content }) => (Array.isArray(content) ? content.map(({ tag }) => tag) : []));
const textsOf = async (number: string) =>
  (await sandbox.control.inbox({ number }, signal)).flatMap(({ text }) => text ?? []);

it("asks without keys first, with keys from the second time on", async () => {
  const number = "5511888880211";
  await sandbox.control.addFault({ type: "decrypt-fail", match: { number }, times: 2 });
  const message = await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "again" });
  await eventually(() => textsOf(number)).toEqual(["again"]);
  expect(childTags(requests(message?.key.id))).toEqual([
    ["retry", "registration"],
    ["retry", "registration", "keys"],
  ]);
});

it("with the switch: keys every time", async () => {
  const number = "5511888880212";
  await sandbox.control.behaviour({ retryKeys: "always" });
  await sandbox.control.addFault({ type: "decrypt-fail", match: { number } });
  const message = await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "again" });
  await eventually(() => textsOf(number)).toEqual(["again"]);
  expect(childTags(requests(message?.key.id))).toEqual([["retry", "registration", "keys"]]);
  await sandbox.control.behaviour({ retryKeys: "second" });
});

it("asks by control for any message, in any chat, and counts on", async () => {
  const [number] = members;
  expect(await sandbox.control.retry({ number, messageId: "3EB0NEVER", chat: group })).toEqual({ count: 1 });
  expect(await sandbox.control.retry({ number, messageId: "3EB0NEVER", chat: group })).toEqual({ count: 2 });
  await eventually(() => requests("3EB0NEVER").map(({ attrs }) => attrs["from"])).toEqual([group, group]);
  await expect(sandbox.control.retry({ number, messageId: "3EB0NEVER" })).rejects.toThrow("name its chat");
});

it("one device that is gone fails the whole query for keys, and is left out with the switch", async () => {
  const [one, other] = ["5511888880221", "5511888880222"];
  await sandbox.control.addContact({ number: one, devices: 2 });
  await sandbox.control.addContact({ number: other });
  await sandbox.control.staleDevice({ number: one, device: 1 });
  const jids = [`${other}@s.whatsapp.net`, `${one}:1@s.whatsapp.net`];
  const keysOf = async () => {
    const users = jids.map((jid) => ({ tag: "user", attrs: { jid } }));
    const attrs = { xmlns: "encrypt", type: "get", to: "@s.whatsapp.net" };
    return client.sock.query({ tag: "iq", attrs, content: [{ tag: "key", attrs: {}, content: users }] });
  };
  await expect(keysOf()).rejects.toMatchObject({ data: 406 });
  await sandbox.control.behaviour({ staleDevice: "skipped" });
  expect(JSON.stringify(await keysOf())).toContain("item-not-found");
  await sandbox.control.behaviour({ staleDevice: "fails-all" });
});

it("installs anew: cannot read the group until it has the key again", async () => {
  const [number] = members;
  await client.sock.sendMessage(group, { text: "before" });
  await eventually(() => textsOf(number)).toEqual(["before"]);
  const before = sandbox.control.trace().decryptErrors.length;
  expect(await sandbox.control.reinstall({ number })).toEqual({ told: 1 });
  await eventually(() =>
    client
      .stanzas("notification")
      .filter(({ attrs }) => attrs["type"] === "encrypt" && attrs["from"] !== "@s.whatsapp.net"),
  ).toHaveLength(1);
  // Baileys alone does not forget who has its sender key: this one asks for it, and gets it.
  await client.sock.sendMessage(group, { text: "after" });
  await eventually(() => sandbox.control.trace().decryptErrors.length).toBeGreaterThan(before);
  await eventually(() => textsOf(number)).toEqual(["before", "after"]);
  await expect(sandbox.control.reinstall({ number: own })).rejects.toThrow("linked devices");
});

it("answers to a whole group lock the account, which is let in no more", async () => {
  await sandbox.control.behaviour({ groupThrottle: 10 });
  for (const number of members) await sandbox.control.addFault({ type: "decrypt-fail", match: { number }, times: 3 });
  await client.sock.sendMessage(group, { text: "storm" });
  // Baileys alone sends to everybody again, once for each who asks.
  expect(await client.closed()).toBe(403);
  const again = connectClient(sandbox, client.auth);
  expect(await again.closed()).toBe(403);
  await again[Symbol.asyncDispose]();
  expect(sandbox.control.trace().refusals.at(-1)?.detail).toContain("is locked");
});
