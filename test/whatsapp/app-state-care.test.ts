import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { AppStateDamage } from "#whatsapp/staying/app-state-care.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

const named = (rig: SessionRig) => rig.batches.flatMap(({ events }) => events?.["labels.edit"]?.name ?? []);

async function label(rig: SessionRig, id: string, name: string): Promise<void> {
  await sandbox.control.setting({
    number: rig.number,
    collection: "regular",
    index: ["label_edit", id],
    value: { labelEditAction: { name, color: 1, predefinedId: 0, deleted: false } },
  });
}

describe("settings that do not fit their checksum", () => {
  it("a change: noticed, and the collection is taken anew, so that what comes later is read too", async () => {
    const damages: AppStateDamage[] = [];
    await using rig = await openSessionRig(sandbox, {}, { appStateDamaged: (damage) => damages.push(damage) });
    await rig.pair();
    await label(rig, "1", "Good");
    await expect.poll(() => named(rig), wait).toContain("Good");
    expect(damages).toEqual([]);
    await sandbox.control.addFault({ type: "settings-damage", match: { number: rig.number } });
    await label(rig, "2", "Damaged on the way");
    await expect.poll(() => named(rig), wait).toContain("Damaged on the way");
    expect(damages).toEqual(["patch"]);
    await label(rig, "3", "Later");
    await expect.poll(() => named(rig), wait).toContain("Later");
    expect(damages).toEqual(["patch"]);
  });

  it("the server's whole copy: noticed; it is not asked for again and again", async () => {
    const damages: AppStateDamage[] = [];
    await using rig = await openSessionRig(sandbox, {}, { appStateDamaged: (damage) => damages.push(damage) });
    await rig.pair();
    const { sessions, instanceId, number } = rig;
    await sessions.stop(instanceId);
    // More changes than the server keeps one by one: the device gets the whole.
    for (let n = 0; n < 40; n += 1) await label(rig, String(n), `Label ${n}`);
    await sandbox.control.addFault({ type: "settings-damage", match: { number }, times: 5 });
    await sessions.start(instanceId);
    await rig.opened();
    await expect.poll(() => damages, wait).toEqual(["snapshot"]);
    await expect.poll(() => named(rig), wait).toContain("Label 39");
    expect(damages).toEqual(["snapshot"]);
    await sandbox.control.clearFaults();
  });
});
