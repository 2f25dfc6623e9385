import { afterAll, beforeAll, expect, it } from "vitest";
import { contactHash } from "#pipeline/capture/hashed-people.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

it.each([
  ["picture", "set"],
  ["picture", "delete"],
  ["contacts", "update"],
])("a notice of type %s whose %s names somebody by hash is handed on and confirmed", async (type, tag) => {
  const seen: unknown[] = [];
  await using rig = await openSessionRig(sandbox, {}, { unknownWire: (unknown) => seen.push(unknown) });
  await rig.pair();
  const { number } = rig;
  const child = { tag, attrs: { hash: contactHash(rig.contact) } };
  const attrs = { from: "777000000000007@lid", type };
  await sandbox.control.notify({ number, attrs, content: [child] });
  const notices = () => rig.batches.flatMap(({ stanza }) => (stanza?.attrs["type"] === type ? [stanza] : []));
  await expect.poll(() => notices().length, { timeout: 8_000 }).toBe(1);
  const queued = () => sandbox.control.state().devices.find((device) => device.number === number)?.queued;
  await expect.poll(queued, { timeout: 8_000 }).toBe(0);
  expect(seen).toEqual([]);
});
