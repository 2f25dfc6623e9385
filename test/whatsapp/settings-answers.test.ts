import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000, interval: 5 };

const queries = (): number =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && /^<iq .*xmlns="w:sync:app:state"/.test(stanza))
    .length;
const named = (rig: SessionRig) => rig.batches.flatMap(({ events }) => events?.["labels.edit"]?.name ?? []);
const label = async (rig: SessionRig, id: string, name: string): Promise<void> =>
  await sandbox.control.setting({
    number: rig.number,
    collection: "regular",
    index: ["label_edit", id],
    value: { labelEditAction: { name, color: 1, predefinedId: 0, deleted: false } },
  });

it.each([
  ["leaves out what was asked for", "settings-omit", "settings answer without a collection"],
  ["says that there is more and gives nothing", "settings-more", "settings answer with more of nothing"],
] as const)("an answer about settings that %s is not asked for again and again", async (_, type, name) => {
  const unknown: UnknownWire[] = [];
  await using rig = await openSessionRig(sandbox, {}, { unknownWire: (one) => void unknown.push(one) });
  await rig.pair();
  await label(rig, "1", "Before");
  await expect.poll(() => named(rig), wait).toContain("Before");
  const before = queries();
  const queued = () => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued;
  await sandbox.control.addFault({ type, match: { number: rig.number }, times: 40 });
  await label(rig, "2", "Left out");
  await expect.poll(queued, wait).toBe(0);
  expect(queries() - before).toBe(1);
  expect(unknown).toEqual([{ kind: "field", name }]);
  // Nothing is lost: the next notice brings all that came since.
  await sandbox.control.clearFaults();
  await label(rig, "3", "Later");
  await expect.poll(() => named(rig), wait).toEqual(["Before", "Left out", "Later"]);
});
