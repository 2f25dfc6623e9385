import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
let sandbox: Sandbox;
let client: Client;
const sent = new Map<string, string>();

beforeAll(async () => {
  sandbox = await openTestSandbox();
  client = await pairClient(
    sandbox,
    { number: own, name: "Own" },
    { retryRequestDelayMs: 0, getMessage: async ({ id }) => ({ conversation: sent.get(id ?? "") ?? "" }) },
  );
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const queued = () => sandbox.control.state().devices[0]?.queued;
const inboxOf = async (number: string) => sandbox.control.inbox({ number }, signal);

describe("the client cannot read a message", () => {
  it.each([
    ["first message", "5511888880001", 0, "pn"],
    ["later message", "5511888880002", 2, "pn"],
    ["message by LID", "5511888880003", 1, "lid"],
  ] as const)("%s: it asks, and gets it again readable under the same id", async (_, number, before, addressing) => {
    const say = async (text: string, corrupt = false) => {
      const input = { number, to: own, content: { text }, addressing, ...(corrupt && { corrupt }) };
      return (await sandbox.control.contactSend(input, signal)).messageIds[0]!;
    };
    for (let nth = 0; nth < before; nth += 1) await say(`${number} before ${nth}`);
    const id = await say(`${number} damaged`, true);
    await say(`${number} after`);
    await eventually(() => client.texts()).toContain(`${number} damaged`);
    await eventually(() => client.texts()).toContain(`${number} after`);
    const readable = client.messages.filter(({ key, messageStubType }) => key.id === id && !messageStubType);
    expect(readable).toHaveLength(1);
    await eventually(queued).toBe(0);
    expect(client.stanzas("message").filter(({ attrs }) => attrs["id"] === id)).toHaveLength(2);
  });

  it("many in a row: each of them comes in the end", async () => {
    const input = { number: "5511888880004", to: own, content: { text: "broken {n}" }, count: 5, corrupt: true };
    await sandbox.control.contactSend(input, signal);
    const expected = [1, 2, 3, 4, 5].map((n) => `broken ${n}`);
    await eventually(() =>
      client
        .texts()
        .filter((text) => text.startsWith("broken"))
        .toSorted(),
    ).toEqual(expected);
    await eventually(queued).toBe(0);
  });

  it("typed on the own phone: sent again too", async () => {
    const input = { number: own, to: "5511888880005", content: { text: "own damaged" }, corrupt: true };
    const { messageIds } = await sandbox.control.phoneSend(input, signal);
    const mine = () => client.messages.filter(({ key, message }) => key.id === messageIds[0] && message);
    await eventually(() => mine().map(({ message }) => message?.conversation)).toEqual(["own damaged"]);
    expect((await inboxOf("5511888880005")).map(({ text }) => text)).toEqual(["own damaged"]);
  });
});

describe("a contact cannot read a message", () => {
  it.each([
    ["first message", "5511888880011", 1],
    ["twice in a row", "5511888880012", 2],
  ])("%s: it asks with keys, and the client sends it again", async (_, number, times) => {
    await sandbox.control.addFault({ type: "decrypt-fail", match: { number }, times });
    const message = await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "again please" });
    const id = message?.key.id ?? "";
    sent.set(id, "again please");
    await eventually(async () => (await inboxOf(number)).map(({ messageId, copies }) => [messageId, copies])).toEqual([
      [id, 1],
    ]);
    const injected = sandbox.control.trace().decryptErrors.filter(({ messageId }) => messageId === id);
    expect(injected.map((error) => [error.number, error.injected])).toEqual(
      Array.from({ length: times }, () => [number, true]),
    );
    await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "and on" });
    await eventually(async () => (await inboxOf(number)).at(-1)?.text).toBe("and on");
  });

  it("on its second device: only that one gets it again", async () => {
    const number = "5511888880013";
    await sandbox.control.addContact({ number, devices: 2 });
    await sandbox.control.addFault({ type: "decrypt-fail", match: { number } });
    const jid = `${number}@s.whatsapp.net`;
    await client.sock.sendMessage(jid, { text: "to both" });
    await eventually(async () => (await inboxOf(number))[0]?.text).toBe("to both");
    await eventually(queued).toBe(0);
  });

  it("five times: it gives up", async () => {
    const number = "5511888880014";
    await sandbox.control.addFault({ type: "decrypt-fail", match: { number }, times: 9 });
    const message = await client.sock.sendMessage(`${number}@s.whatsapp.net`, { text: "never" });
    sent.set(message?.key.id ?? "", "never");
    const asked = () =>
      client.stanzas("receipt").filter(({ attrs }) => attrs["type"] === "retry" && attrs["id"] === message?.key.id);
    await eventually(() => asked().length).toBeGreaterThan(2);
    await eventually(queued).toBe(0);
    expect(asked().length).toBeLessThanOrEqual(5);
    await sandbox.control.clearFaults();
  });
});
