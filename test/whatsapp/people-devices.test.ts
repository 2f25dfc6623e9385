import { randomInt } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { eventually } from "../sandbox/eventually.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

const signal = AbortSignal.timeout(120_000);
let sandbox: Sandbox;
let rig: SessionRig;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox, { retries: { answerEveryMs: 1, maxAgeMs: 1_000_000 } });
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const { staleDevice: _kept, ...behaviour } = sandbox.control.state().behaviour;
  await sandbox.control.behaviour({ ...behaviour, staleDevice: "fails-all" });
});

let messages = 0;
const somebody = (): string => `55319${randomInt(10_000_000, 99_999_999)}`;

/** Sends a text and answers its id. Throws unless WhatsApp has it. */
async function say(to: string, words: string): Promise<string> {
  messages += 1;
  const messageId = `3EB0D${messages}`;
  const jid = to.includes("@") ? to : `${to}@s.whatsapp.net`;
  const outgoing = { to: jid, content: { kind: "text", text: words }, options: {} } as const;
  const { instanceId } = rig;
  const result = await rig.sessions.send({ instanceId, messageId, ackTimeoutMs: 5_000, outgoing }, signal);
  if (result.outcome !== "acked") throw new Error(result.error);
  return messageId;
}

const textsOf = async (number: string) =>
  (await sandbox.control.inbox({ number }, signal)).flatMap(({ text }) => text ?? []);

const device = () => sandbox.control.state().devices.find(({ number }) => number === rig.number);
const settled = () => eventually(() => device()?.queued).toBe(0);

/** How often this number's devices asked for a message again. */
const unreadable = (number: string) =>
  sandbox.control.trace().decryptErrors.filter((error) => error.number === number).length;

/** How many queries were answered that one of the devices is none any more. */
const refusedQueries = (): number =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "out" && /^<iq .*type="error".*code="406"/.test(stanza))
    .length;

async function whileAway(happens: () => Promise<unknown>): Promise<void> {
  await rig.sessions.stop(rig.instanceId);
  await eventually(() => device()?.online).toBe(false);
  await happens();
  await rig.sessions.start(rig.instanceId);
  await rig.sessions.untilOpen(rig.instanceId, signal);
  await settled();
}

async function groupWith(...participants: string[]): Promise<string> {
  return (await sandbox.control.createGroup({ subject: "G", participants: [rig.number, ...participants] })).id;
}

describe("a contact installs WhatsApp anew", () => {
  test.each(["while we are connected", "while we are away"])(
    "%s: it reads the next message to the group",
    async (when) => {
      const [number, other] = [somebody(), somebody()];
      const groups = [await groupWith(number, other), await groupWith(number)];
      for (const group of groups) await say(group, "before");
      await say(number, "direct before");
      if (when === "while we are away") await whileAway(() => sandbox.control.reinstall({ number }));
      else await sandbox.control.reinstall({ number });
      await settled();
      for (const group of groups) await say(group, "after");
      await say(number, "direct after");
      await eventually(() => textsOf(number)).toEqual([
        "before",
        "before",
        "direct before",
        "after",
        "after",
        "direct after",
      ]);
      // It read everything at once: nothing had to be asked for again.
      expect(unreadable(number)).toBe(0);
      const toGroup = sandbox.control
        .trace()
        .stanzas.filter(({ stanza }) => stanza.startsWith("<message ") && stanza.includes(` to="${groups[0]}"`))
        .map(({ stanza }) => stanza);
      // The others still have the key, and are not given it again.
      expect(toGroup.map((stanza) => stanza.match(/<to /g)?.length)).toEqual([expect.any(Number), 1]);
    },
  );
});

describe("a device that is gone", () => {
  test.each([
    ["the phone does not vouch for it any more", "signed"],
    ["nothing shows that it is gone", "unsigned"],
    ["the list that we had still named it", "gone"],
  ] as const)("%s: the others read the message to the group, at the first try", async (_name, shown) => {
    const [number, ...others] = [somebody(), somebody(), somebody(), somebody(), somebody()];
    await sandbox.control.addContact({ number, devices: 3 });
    const group = await groupWith(number, ...others);
    if (shown === "gone") {
      const { lid } = sandbox.control.state().contacts.find((one) => one.number === number)!;
      await rig.sessions.openSocket(rig.instanceId)!.sock.getUSyncDevices([`${lid}@lid`], true, false);
    }
    await sandbox.control.staleDevice({ number, device: 2, shown });
    const refusedBefore = refusedQueries();
    await say(group, "to all");
    await say(group, "and on");
    for (const reader of [number, ...others]) await eventually(() => textsOf(reader)).toEqual(["to all", "and on"]);
    await say(number, "alone");
    await eventually(() => textsOf(number)).toEqual(["to all", "and on", "alone"]);
    // What the phone's own list tells is not found out by a query that fails.
    if (shown === "signed") expect(refusedQueries() - refusedBefore).toBe(0);
    else expect(refusedQueries()).toBeGreaterThan(refusedBefore);
  });

  test("of somebody who is no member: a refusal of the group itself stays one", async () => {
    const owner = somebody();
    const participants = [owner, rig.number];
    const { id: group } = await sandbox.control.createGroup({ subject: "G", participants, owner });
    await sandbox.control.groupParticipants({ group, action: "remove", participants: [rig.number] });
    await settled();
    await expect(say(group, "outside")).rejects.toThrow();
  });
});

test("devices come and go while we are away: the next message reaches the new one, and the gone one fails nothing", async () => {
  const number = somebody();
  await sandbox.control.addContact({ number, devices: 3 });
  const group = await groupWith(number);
  await say(group, "before");
  await whileAway(async () => {
    await sandbox.control.addContact({ number, devices: 1 });
    await sandbox.control.addContact({ number, devices: 2 });
  });
  const id = await say(group, "after");
  await eventually(() => textsOf(number)).toEqual(["before", "after"]);
  await settled();
  expect(sandbox.control.trace().decryptErrors.filter(({ messageId }) => messageId === id)).toEqual([]);
});
