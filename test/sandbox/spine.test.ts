import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { pairClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
const own = "5511999990001";
const bob = "5511888880002";
const jid = `${bob}@s.whatsapp.net`;
let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  await sandbox.control.addContact({ number: bob, name: "Bob" });
  client = await pairClient(sandbox, { number: own, name: "Own" });
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

describe("the spine", () => {
  it("text out: the contact reads it, the phone has it, ack and delivery come back", async () => {
    const sent = await client.sock.sendMessage(jid, { text: "hello bob" });
    const id = sent?.key.id ?? "";
    const [entry] = await sandbox.control.inbox({ number: bob, waitMs: 5_000 }, signal);
    expect(entry).toMatchObject({ messageId: id, from: own, type: "text", text: "hello bob", copies: 1 });
    await eventually(() => client.stanzas("receipt").map(({ attrs }) => attrs)).toMatchObject([{ id, from: jid }]);
    expect(client.stanzas("ack").filter(({ attrs }) => attrs["class"] === "message")).toMatchObject([
      { attrs: { id, from: jid } },
    ]);
  });

  it("text in: by a contact, in both addressings", async () => {
    await sandbox.control.contactSend({ number: bob, to: own, content: { text: "hi" } }, signal);
    await eventually(() => client.texts()).toEqual(["hi"]);
    await sandbox.control.contactSend(
      { number: bob, to: own, content: { text: "hi again" }, addressing: "lid" },
      signal,
    );
    await eventually(() => client.texts()).toEqual(["hi", "hi again"]);
    await eventually(() => sandbox.control.state().devices[0]?.queued).toBe(0);
  });
});
