import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;
const unknown: UnknownWire[] = [];

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox, {}, { unknownWire: (one) => void unknown.push(one) });
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const person = "5511888880002@s.whatsapp.net";
const group = "120363000000000001@g.us";
const whole: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  message: { from: group, participant: person, type: "text", t: "1700000000" },
  status: { from: "status@broadcast", participant: person, type: "text", t: "1700000000" },
  receipt: { from: group, participant: person, type: "read", t: "1700000000" },
  notification: { from: group, participant: person, type: "w:gp2", t: "1700000000" },
  call: { from: person, t: "1700000000" },
  newthing: { from: person, t: "1700000000" },
};
const cases = Object.entries(whole).flatMap(([tag, attrs]) => {
  const without = Object.keys(attrs).map((name) => ({
    tag,
    says: `without ${name}`,
    attrs: Object.fromEntries(Object.entries(attrs).filter(([key]) => key !== name)),
  }));
  const bare = { tag, says: "with its id alone", attrs: {} };
  return [
    ...without,
    bare,
    ...["", "nobody", "1@nowhere"].map((from) => ({ tag, says: `from "${from}"`, attrs: { ...attrs, from } })),
  ];
});

it.each(cases.map((one, at) => ({ ...one, id: `ODD${at}` })))(
  "a $tag $says is confirmed",
  async ({ tag, attrs, id }) => {
    const queued = () => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;
    const before = queued();
    for (const offline of [{}, { offline: "1" }]) {
      const stanza = { tag, attrs: { id, ...attrs, ...offline } };
      await sandbox.control.stanza({ number: rig.number, stanza });
      await expect.poll(queued, { timeout: 3_000, interval: 5 }).toBe(before);
    }
  },
);

it("each kind without a sender is counted, and logged once by whoever counts", () => {
  const names = new Set(unknown.flatMap(({ kind, name }) => (kind === "attribute" ? [name] : [])));
  expect([...names].toSorted()).toEqual(
    ["call", "message", "notification", "receipt", "status"].map((tag) => `${tag} without from`),
  );
});

it.each(["status", "message"])(
  "a %s of a channel whose text is broken is confirmed, handed on once and counted",
  async (tag) => {
    const id = `BROKEN${tag}`;
    const attrs = { id, from: "120363000000000009@newsletter", type: "text", t: "1700000000" };
    const stanza = { tag, attrs, content: [{ tag: "plaintext", attrs: {}, content: { base64: "/////w==" } }] };
    await sandbox.control.stanza({ number: rig.number, stanza });
    const queued = () => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;
    await expect.poll(queued, { timeout: 3_000, interval: 5 }).toBe(0);
    const handed = () => rig.batches.filter(({ journalIds }) => journalIds.includes(id));
    await expect.poll(handed, { timeout: 3_000, interval: 5 }).toHaveLength(1);
    expect(unknown.filter(({ name }) => name === `plaintext of ${tag}`)).toEqual([
      { kind: "field", name: `plaintext of ${tag}` },
    ]);
  },
);
