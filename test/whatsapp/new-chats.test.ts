import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox);
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const wait = { timeout: 8_000 };
const person = async (head: string) =>
  await sandbox.control.addContact({ number: rig.contact.replace(/^552/, head), name: `Person ${head}` });
const says = async (number: string, addressing: "pn" | "lid" = "pn") => {
  const { messageIds } = await sandbox.control.contactSend(
    { number, to: rig.number, content: { text: "hi" }, addressing },
    rig.signal,
  );
  await expect.poll(() => rig.texts().length, wait).toBeGreaterThan(0);
  const queued = () => sandbox.control.state().devices.find((device) => device.number === rig.number)?.queued;
  await expect.poll(queued, wait).toBe(0);
  return messageIds[0]!;
};
const sentStanza = (id: string) =>
  sandbox.control
    .trace()
    .stanzas.findLast(
      ({ direction, stanza }) => direction === "in" && stanza.includes(`id="${id}"`) && stanza.startsWith("<message"),
    )?.stanza;

test("a token that came with a message goes with the answer, and without it the answer would be refused", async () => {
  const { number, lid } = await person("5531");
  await says(number);
  const keys = rig.sessions.openSocket(rig.instanceId)!.sock.authState.keys;
  await expect.poll(async () => Object.keys(await keys.get("tctoken", [`${lid}@lid`])), wait).toEqual([`${lid}@lid`]);
  expect(await rig.sendText("3EB0TOKEN1", "answer", { to: number })).toMatchObject({ outcome: "acked" });
  expect(sentStanza("3EB0TOKEN1")).toContain("<tctoken");
  // The server knows that this device has it.
  await keys.set({ tctoken: { [`${lid}@lid`]: null } });
  expect(await rig.sendText("3EB0TOKEN2", "answer", { to: number })).toMatchObject({ outcome: "rejected", code: 463 });
  // What the refusal set going brings the token back.
  await expect.poll(async () => Object.keys(await keys.get("tctoken", [`${lid}@lid`])), wait).toEqual([`${lid}@lid`]);
  expect(await rig.sendText("3EB0TOKEN2", "answer", { to: number })).toMatchObject({ outcome: "acked" });
});

test("tokens: only a newer one replaces what is there, whether it comes with a message or by a notice", async () => {
  const { number, lid } = await person("5532");
  await says(number, "lid");
  const keys = rig.sessions.openSocket(rig.instanceId)!.sock.authState.keys;
  const held = async () => (await keys.get("tctoken", [`${lid}@lid`]))[`${lid}@lid`];
  await expect.poll(held, wait).toBeDefined();
  const first = await held();
  await sandbox.control.giveToken({ number, to: rig.number });
  await expect.poll(async () => Number((await held())?.timestamp), wait).toBeGreaterThan(Number(first!.timestamp));
  const second = await held();
  expect(Buffer.from(second!.token)).not.toEqual(Buffer.from(first!.token));
  // A stanza that was under way for long.
  const old = { tag: "message", attrs: { from: `${lid}@lid`, id: "OLD", type: "text", t: "5" } };
  const { ws } = rig.sessions.openSocket(rig.instanceId)!.sock;
  ws.emit("CB:message", { ...old, content: [{ tag: "tctoken", attrs: { t: "5" }, content: Buffer.from("old") }] });
  // One after the other: once somebody else's is filed, that one was looked at.
  const next = { tag: "message", attrs: { from: "4711@lid", id: "NEXT", type: "text", t: "5" } };
  ws.emit("CB:message", { ...next, content: [{ tag: "tctoken", attrs: { t: "5" }, content: Buffer.from("next") }] });
  await expect.poll(async () => (await keys.get("tctoken", ["4711@lid"]))["4711@lid"], wait).toBeDefined();
  expect(await held()).toEqual(second);
  await says(number, "lid");
  expect(await held()).toEqual(second);
});

test("a resend carries the token as well", async () => {
  const { number } = await person("5536");
  await says(number);
  await sandbox.control.addFault({ type: "decrypt-fail", match: { number } });
  const result = await rig.sendText("3EB0RESEND", "read me", { to: number });
  if (result.outcome !== "acked") throw new Error(result.error);
  const inbox = async () => (await sandbox.control.inbox({ number }, rig.signal)).map(({ messageId }) => messageId);
  await expect.poll(inbox, wait).toContain("3EB0RESEND");
  expect(sentStanza("3EB0RESEND")).toContain("<tctoken");
  const refused = sandbox.control
    .trace()
    .stanzas.filter(({ stanza }) => stanza.includes('error="463"') && stanza.includes("3EB0RESEND"));
  expect(refused).toEqual([]);
});

test("locked: strangers are held before anything leaves, those who wrote are not; what is told at the end lets them go", async () => {
  const stranger = await person("5533");
  const friend = await person("5534");
  await says(friend.number);
  const holds = (number: string) =>
    rig.sessions.holds!({
      instanceId: rig.instanceId,
      outgoing: { to: `${number}@s.whatsapp.net`, content: { kind: "text", text: "x" }, options: {} },
    });
  expect(await holds(stranger.number)).toBeUndefined();
  const until = Math.ceil(Date.now() / 1000) * 1000 + 600_000;
  await sandbox.control.restrict({ number: rig.number, until, kind: "BIZ_QUALITY" });
  await expect.poll(() => holds(stranger.number), wait).toEqual({ until, endsAt: until, reason: "restriction" });
  expect(await holds(friend.number)).toBeUndefined();
  expect(await rig.store.chatLimits.get({ instanceId: rig.instanceId })).toMatchObject({
    lock: { until, kind: "BIZ_QUALITY" },
  });
  await sandbox.control.release({ number: rig.number });
  await expect.poll(() => holds(stranger.number), wait).toBeUndefined();
});

const triesOf = (id: string) =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.includes(`id="${id}"`))
    .filter(({ stanza }) => stanza.startsWith("<message"))
    .map(({ stanza }) => stanza.match(/ to="[^"]*@([^"]*)"/)?.[1]);
const questions = () =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.includes("23983697327930364")).length;

test("463 under a lock that nobody knew of: WhatsApp is asked first, and the message is not tried by its other name", async () => {
  const stranger = await person("5537");
  // The other name could be tried.
  const { numberDevices } = sandbox.control.state().behaviour;
  await sandbox.control.behaviour({ numberDevices: "listed" });
  // The notice of the lock is lost.
  const { ws } = rig.sessions.openSocket(rig.instanceId)!.sock;
  const listeners = ws.listeners("CB:notification,type:mex");
  ws.removeAllListeners("CB:notification,type:mex");
  await sandbox.control.restrict({ number: rig.number });
  const before = questions();
  const result = await rig.sendText("3EB0ONETRY", "hello", { to: stranger.number });
  expect(result).toMatchObject({ outcome: "rejected", kind: "restricted", code: 463, until: expect.any(Number) });
  expect(result).not.toHaveProperty("endsAt");
  expect([triesOf("3EB0ONETRY").length, questions() - before]).toEqual([1, 1]);
  expect(sandbox.control.trace().refusals.filter(({ kind }) => kind === "reach-out")).toEqual([]);
  await sandbox.control.behaviour({ numberDevices });
  for (const listener of listeners) ws.on("CB:notification,type:mex", listener as () => void);
  await sandbox.control.release({ number: rig.number });
  await expect.poll(async () => (await rig.sessions.view(rig.instanceId)).newChats?.lock, wait).toBeUndefined();
});

test("463 without a lock: once WhatsApp has said so, the message is tried by its other name at once", async () => {
  const stranger = await person("5538");
  // As an account that was linked before anybody asked for the name its chats have: the number is tried first.
  const { creds } = rig.sessions.openSocket(rig.instanceId)!.sock.authState;
  delete creds.additionalData;
  const { numberDevices } = sandbox.control.state().behaviour;
  await sandbox.control.behaviour({ numberDevices: "listed" });
  const before = questions();
  expect(await rig.sendText("3EB0TWOTRIES", "hello", { to: stranger.number })).toMatchObject({ outcome: "acked" });
  expect([triesOf("3EB0TWOTRIES"), questions() - before]).toEqual([["s.whatsapp.net", "lid"], 1]);
  await sandbox.control.behaviour({ numberDevices });
});

test("refused: WhatsApp is asked why at once, and the person is left alone for a minute", async () => {
  const stranger = await person("5535");
  await sandbox.control.restrict({ number: rig.number });
  await expect.poll(async () => (await rig.sessions.view(rig.instanceId)).newChats?.lock, wait).toBeDefined();
  const before = sandbox.control.trace().stanzas.at(-1)!.seq;
  const result = await rig.sendText("3EB0LOCKED", "hello", { to: stranger.number });
  expect(result).toMatchObject({ outcome: "rejected", kind: "restricted", code: 463 });
  expect(result).toHaveProperty("until");
  const asked = sandbox.control
    .trace()
    .stanzas.filter(
      ({ seq, direction, stanza }) => seq > before && direction === "in" && stanza.includes("23983697327930364"),
    );
  expect(asked).toHaveLength(1);
  await sandbox.control.release({ number: rig.number });
  await expect.poll(async () => (await rig.sessions.view(rig.instanceId)).newChats?.lock, wait).toBeUndefined();
  const outgoing = {
    to: `${stranger.number}@s.whatsapp.net`,
    content: { kind: "text" as const, text: "x" },
    options: {},
  };
  expect(await rig.sessions.holds!({ instanceId: rig.instanceId, outgoing })).toMatchObject({ reason: "pause" });
});
