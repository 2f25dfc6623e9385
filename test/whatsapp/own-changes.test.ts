import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

const named = (rig: SessionRig) =>
  rig.batches.flatMap(({ captured }) =>
    captured?.kind === "notification" ? [[captured.name, captured.profileName]] : [],
  );

const labelled = (rig: SessionRig) =>
  rig.batches.flatMap(({ events }) => events?.["labels.association"]?.association.labelId ?? []);

async function rename(rig: SessionRig, name: string): Promise<void> {
  const value = { pushNameSetting: { name } };
  await sandbox.control.setting({
    number: rig.number,
    collection: "critical_block",
    index: ["setting_pushName"],
    value,
  });
}

async function label(rig: SessionRig, labelId: string): Promise<void> {
  const index = ["label_jid", labelId, `${rig.contact}@s.whatsapp.net`];
  const value = { labelAssociationAction: { labeled: true } };
  await sandbox.control.setting({ number: rig.number, collection: "regular", index, value });
}

/** Until what there is at linking was taken in: what changes before that belongs to it, and is not told. */
async function settled({ sessions, instanceId }: SessionRig): Promise<void> {
  const keys = sessions.openSocket(instanceId)?.sock.authState.keys;
  const versions = async () => (await keys?.get("app-state-sync-version", ["regular"]))?.["regular"];
  await expect.poll(versions, wait).toBeDefined();
}

describe("what the owner changes on the phone", () => {
  it("a new name is told once, the one it had at linking and the same again are not", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await rename(rig, "Shop");
    await expect.poll(() => named(rig), wait).toEqual([["PROFILE_NAME_UPDATED", "Shop"]]);
    await rename(rig, "Shop");
    await rig.sessions.stop(rig.instanceId);
    await rig.sessions.start(rig.instanceId);
    await rig.opened();
    // While nobody listened; it comes with the reconnect.
    await rename(rig, "Store");
    await expect.poll(() => named(rig).at(-1), wait).toEqual(["PROFILE_NAME_UPDATED", "Store"]);
    expect(named(rig)).toHaveLength(2);
  });

  it("labels of chats are told when they change, not those there are at linking", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await label(rig, "5");
    await expect.poll(() => labelled(rig), wait).toEqual(["5"]);
    // A new device of the same phone.
    await using second = await openSessionRig(sandbox);
    const { qr } = await second.sessions.qr(second.instanceId, second.signal);
    await sandbox.control.scan({ number: rig.number, qr, name: "Shop" }, second.signal);
    await second.opened();
    await settled(second);
    await label(rig, "6");
    await expect.poll(() => labelled(second), wait).toEqual(["6"]);
  });
});
