import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContactInfo } from "#sandbox/control.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { eventually } from "../sandbox/eventually.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

// Companies on a hosted API: a provider runs device 99 of their account, beside their phone or alone.

const signal = AbortSignal.timeout(120_000);
let sandbox: Sandbox;
let rig: SessionRig;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox);
  await rig.pair();
});

afterAll(async () => {
  expect(sandbox.control.trace().decryptErrors).toEqual([]);
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const somebody = (): string => `55319${randomInt(10_000_000, 99_999_999)}`;
const company = async (): Promise<ContactInfo> => sandbox.control.addContact({ number: somebody(), hosted: true });

let messages = 0;
async function say(to: string, text: string): Promise<string> {
  messages += 1;
  const result = await rig.sendText(`3EB0C${messages}`, text, { to });
  if (result.outcome !== "acked") throw new Error(result.error);
  return `3EB0C${messages}`;
}

const inboxOf = async (number: string) =>
  (await sandbox.control.inbox({ number }, signal)).map(({ text, hosted, copies }) => [text, hosted ?? false, copies]);

const received = (text: string) =>
  rig.batches.flatMap(
    ({ events }) => events?.["messages.upsert"]?.messages.filter(({ message }) => message?.conversation === text) ?? [],
  );

const queued = () => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;

/** The message as it left. */
const sentStanza = (id: string) =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.startsWith("<message "))
    .map(({ stanza }) => stanza)
    .find((stanza) => stanza.includes(` id="${id}"`)) ?? "";

describe("a company whose device a provider runs", () => {
  test("a text reaches the phone and the provider", async () => {
    const { number, lid, devices, hosted } = await company();
    expect([devices, hosted]).toEqual([1, true]);
    const id = await say(number, "hello");
    await eventually(() => inboxOf(number)).toEqual([["hello", true, 1]]);
    expect(sentStanza(id)).toContain(`${lid}:99@hosted.lid`);
    await say(number, "again");
    await eventually(() => inboxOf(number)).toEqual([
      ["hello", true, 1],
      ["again", true, 1],
    ]);
  });

  test.each(["pn", "lid"] as const)("a text of the provider by %s is the company's", async (addressing) => {
    const { number, lid } = await company();
    const text = `from the provider by ${addressing}`;
    const send = async () =>
      sandbox.control.contactSend({ number, to: rig.number, content: { text }, addressing, hosted: true }, signal);
    await send();
    await eventually(() => received(text).length).toBe(1);
    const { key } = received(text)[0]!;
    const jids = [key.remoteJid, key.remoteJidAlt];
    const names = [`${number}@s.whatsapp.net`, `${lid}@lid`];
    expect(jids).toEqual(addressing === "pn" ? names : names.toReversed());
    // It was confirmed as it came, and the session goes on in both directions.
    await eventually(queued).toBe(0);
    await say(number, "answer");
    await eventually(() => inboxOf(number)).toEqual([["answer", true, 1]]);
    await send();
    await eventually(() => received(text).length).toBe(2);
    await eventually(queued).toBe(0);
  });

  test("what the provider sends is asked for again when it cannot be read", async () => {
    const { number } = await company();
    const content = { text: "at the second try" };
    await sandbox.control.contactSend({ number, to: rig.number, content, hosted: true, corrupt: true }, signal);
    await eventually(() => received("at the second try").length).toBe(1);
    await eventually(queued).toBe(0);
    const asked = sandbox.control.trace().stanzas.filter(({ stanza }) => stanza.includes("<retry "));
    // Who keeps no sessions needs the keys for a new one the first time it is asked.
    expect(asked.map(({ stanza }) => stanza.includes("<keys>"))).toEqual([true]);
  });

  test("a group text reaches the others, and the provider is given no key", async () => {
    const [{ number }, other] = [await company(), somebody()];
    const { id: group } = await sandbox.control.createGroup({
      subject: "G",
      participants: [rig.number, number, other],
    });
    const id = await say(group, "to all");
    for (const member of [number, other]) await eventually(() => inboxOf(member)).toEqual([["to all", false, 1]]);
    expect(sentStanza(id)).toContain("<to ");
    expect(sentStanza(id)).not.toContain("hosted");
    const hosted = sandbox.control.contactSend({ number, to: group, content: { text: "x" }, hosted: true }, signal);
    await expect(hosted).rejects.toMatchObject({ code: "refused" });
  });

  test("comes to a provider, and leaves it: the next message knows", async () => {
    const number = somebody();
    await say(number, "before");
    await sandbox.control.addContact({ number, hosted: true });
    await eventually(queued).toBe(0);
    await say(number, "with");
    await sandbox.control.addContact({ number, hosted: false });
    await eventually(queued).toBe(0);
    const last = await say(number, "after");
    await eventually(() => inboxOf(number)).toEqual([
      ["before", false, 1],
      ["with", true, 1],
      ["after", false, 1],
    ]);
    expect(sentStanza(last)).not.toContain("hosted");
  });

  test("nobody's provider cannot write", async () => {
    const number = somebody();
    const sent = sandbox.control.contactSend({ number, to: rig.number, content: { text: "x" }, hosted: true }, signal);
    await expect(sent).rejects.toMatchObject({ code: "not_found" });
  });
});

test("what a provider wrote for the own account is our own message", async () => {
  const contact = somebody();
  const own = await sandbox.control.addContact({ number: rig.number, hosted: true });
  await eventually(queued).toBe(0);
  const content = { text: "by our provider" };
  await sandbox.control.phoneSend({ number: rig.number, to: contact, content, hosted: true }, signal);
  await eventually(() => received("by our provider").length).toBe(1);
  const { key } = received("by our provider")[0]!;
  expect([key.fromMe, key.remoteJidAlt]).toEqual([true, `${contact}@s.whatsapp.net`]);
  await eventually(queued).toBe(0);
  const id = await say(contact, "by us");
  expect(sentStanza(id)).toContain(`${own.lid}:99@hosted.lid`);
});

test("account_sync names the provider's device among the own ones: it is confirmed and changes nothing", async () => {
  const own = await sandbox.control.addContact({ number: rig.number });
  const device = (jid: string) => ({ tag: "device", attrs: { jid, "key-index": "99" } });
  const list = [device(`${rig.number}:99@hosted`), device(`${own.lid}:99@hosted.lid`)];
  for (let round = 0; round < 5; round += 1) {
    const devices = { tag: "devices", attrs: { dhash: `2:${round}` }, content: list };
    await sandbox.control.notify({
      number: rig.number,
      attrs: { type: "account_sync", from: `${rig.number}@s.whatsapp.net` },
      content: [devices],
    });
  }
  await eventually(queued).toBe(0);
  const contact = somebody();
  await say(contact, "still here");
  await eventually(() => inboxOf(contact)).toEqual([["still here", false, 1]]);
});
