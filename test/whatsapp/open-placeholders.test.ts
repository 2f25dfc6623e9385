import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { PlaceholderOptions } from "#whatsapp/content/open-placeholders.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

beforeEach(async () => {
  await sandbox.control.behaviour({ phoneAnswers: true, phoneAnswerMs: 0 });
});

const wait = { timeout: 12_000 };
const hourMs = 3_600_000;
const never: PlaceholderOptions = { againMs: [hourMs], lifeGapMs: hourMs, keepMs: hourMs, settleMs: hourMs };

/** Somebody's message comes without anything to read; only the phone has it. */
async function placeholder(rig: SessionRig, text: string): Promise<string> {
  const input = { number: rig.contact, to: rig.number, content: { text }, placeholder: true } as const;
  const { messageIds } = await sandbox.control.contactSend(input, rig.signal);
  const id = messageIds[0]!;
  await expect.poll(() => told(rig, id), wait).toContain(undefined);
  return id;
}

/** What was handed over under this id, in order: texts, and undefined for what waits for its content. */
const told = (rig: SessionRig, id: string): readonly (string | undefined)[] =>
  rig.batches
    .flatMap(({ events }) => events?.["messages.upsert"]?.messages ?? [])
    .filter(({ key }) => key.id === id)
    .map(({ message }) => message?.conversation ?? undefined);

const phoneSays = (rig: SessionRig, text: string) =>
  sandbox.control.phoneSend({ number: rig.number, to: rig.contact, content: { text } }, rig.signal);

/** Requests to the own phone so far. */
const asked = (rig: SessionRig): number =>
  sandbox.control.trace().stanzas.filter(({ number, direction, stanza }) => {
    return number === rig.number && direction === "in" && stanza.includes('category="peer"');
  }).length;

it("an ad lead whose body only the phone has comes under its own id, once the phone answers", async () => {
  await using rig = await openSessionRig(sandbox, { placeholders: never });
  await rig.pair();
  await sandbox.control.behaviour({ phoneAnswerMs: 200 });
  const id = await placeholder(rig, "I saw your ad");
  await expect.poll(() => told(rig, id), wait).toContain("I saw your ad");
});

it("a phone that does not answer is asked again at its next sign of life, also after a restart", async () => {
  const placeholders = { ...never, lifeGapMs: 0 };
  await using rig = await openSessionRig(sandbox, { placeholders });
  await rig.pair();
  await sandbox.control.behaviour({ phoneAnswers: false });
  const id = await placeholder(rig, "first message of a lead");
  await expect.poll(() => asked(rig), wait).toBeGreaterThan(0);
  await rig.sessions.stop(rig.instanceId);
  const before = asked(rig);
  await rig.sessions.start(rig.instanceId);
  // The first question may have been lost with the connection.
  await expect.poll(() => asked(rig), wait).toBe(before + 1);
  await sandbox.control.behaviour({ phoneAnswers: true });
  expect(told(rig, id)).not.toContain("first message of a lead");
  await phoneSays(rig, "the phone is awake");
  await expect.poll(() => told(rig, id), wait).toContain("first message of a lead");
});

it("one that sleeps is asked again after a while, and is left alone once it has answered", async () => {
  await using rig = await openSessionRig(sandbox, {
    placeholders: { ...never, againMs: [3_000, 6_000, 9_000, 12_000, hourMs], settleMs: 0 },
  });
  await rig.pair();
  await sandbox.control.behaviour({ phoneAnswers: false });
  const id = await placeholder(rig, "late");
  await expect.poll(() => asked(rig), wait).toBeGreaterThan(0);
  await sandbox.control.behaviour({ phoneAnswers: true });
  await expect.poll(() => told(rig, id), wait).toContain("late");
  const before = asked(rig);
  await phoneSays(rig, "a sign of life");
  await expect.poll(() => rig.texts(), wait).toContain("a sign of life");
  expect(asked(rig)).toBe(before);
});
