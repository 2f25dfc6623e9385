import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

/** Pairs of number and LID that no message carries: what the real client asks for is in the table, too. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 30_000, interval: 20 };

function lidAtSandbox(number: string): string | undefined {
  return sandbox.control.state().contacts.find((contact) => contact.number === number)?.lid;
}

/** Both ways through the durable table. */
async function learnt(rig: SessionRig, phone: string): Promise<unknown> {
  const { instanceId, store } = rig;
  const lid = await store.directory.lidOf({ instanceId, phone });
  return lid === undefined ? undefined : [lid, await store.directory.phoneOf({ instanceId, lid })];
}

it("a send to a number looks its devices up, and leaves the pair in the table", async () => {
  await using rig = await openSessionRig(sandbox);
  const stranger = rig.contact.replace(/^5521/, "5531");
  await sandbox.control.addContact({ number: stranger });
  await rig.pair();
  expect(await learnt(rig, stranger)).toBeUndefined();
  expect(await rig.sendText("3EB0000000000000000001", "hello", { to: stranger })).toMatchObject({ outcome: "acked" });
  await expect.poll(() => learnt(rig, stranger), wait).toEqual([lidAtSandbox(stranger), stranger]);
});

it("the history right after linking leaves the pairs of the address book in the table", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  await expect.poll(() => learnt(rig, rig.contact), wait).toEqual([lidAtSandbox(rig.contact), rig.contact]);
});
