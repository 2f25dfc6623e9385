import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterEach(async () => {
  await sandbox.control.behaviour({ phoneAnswers: true, phoneAnswerMs: 0 });
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

const named = (rig: SessionRig) => rig.batches.flatMap(({ events }) => events?.["labels.edit"]?.name ?? []);
const archived = (rig: SessionRig) =>
  rig.batches.flatMap(({ events }) =>
    (events?.["chats.update"] ?? []).flatMap(({ id, archived: is }) => (is === true && id ? [id] : [])),
  );

/** The devices linked with this number, told what happened to their settings. */
async function openRig(settingsRecovery = { answerMs: 5_000, againMs: 3_600_000 }) {
  const told: string[] = [];
  const rig = await openSessionRig(
    sandbox,
    { settingsRecovery },
    {
      appStateDamaged: (damage) => told.push(damage),
      appStateRecovery: (step) => told.push(step),
    },
  );
  return { rig, told };
}

async function label(rig: SessionRig, id: string, name: string): Promise<void> {
  const value = { labelEditAction: { name, color: 1, predefinedId: 0, deleted: false } };
  await sandbox.control.setting({ number: rig.number, collection: "regular", index: ["label_edit", id], value });
}

/** While the device is away, the phone names a label, and the server loses it. */
async function lose(rig: SessionRig, id: string, name: string): Promise<void> {
  const { sessions, instanceId, number } = rig;
  await sessions.stop(instanceId);
  await label(rig, id, name);
  await sandbox.control.loseSetting({ number, collection: "regular", index: ["label_edit", id] });
  await sessions.start(instanceId);
  await rig.opened();
}

describe("settings whose copy at the server cannot be verified", () => {
  it("are asked of the phone: what the server lost is there, and later changes fit", async () => {
    const { rig, told } = await openRig();
    await using _rig = rig;
    await rig.pair();
    await label(rig, "1", "Known");
    await expect.poll(() => named(rig), wait).toContain("Known");
    await lose(rig, "2", "Lost");
    await expect.poll(() => named(rig), wait).toContain("Lost");
    await expect.poll(() => told, wait).toEqual(["snapshot", "asked", "recovered"]);
    await label(rig, "3", "Later");
    await expect.poll(() => named(rig), wait).toContain("Later");
    expect(told).toEqual(["snapshot", "asked", "recovered"]);
  });

  it("tell what the device did not know, once", async () => {
    const { rig, told } = await openRig();
    await using _rig = rig;
    await rig.pair();
    const { number, sessions, instanceId } = rig;
    const archive = (jid: string) =>
      sandbox.control.setting({
        number,
        collection: "regular_low",
        index: ["archive", jid],
        value: { archiveChatAction: { archived: true } },
      });
    await archive("5511@s.whatsapp.net");
    await expect.poll(() => archived(rig), wait).toEqual(["5511@s.whatsapp.net"]);
    await sessions.stop(instanceId);
    await archive("5522@s.whatsapp.net");
    await archive("5533@s.whatsapp.net");
    await sandbox.control.loseSetting({ number, collection: "regular_low", index: ["archive", "5522@s.whatsapp.net"] });
    await sessions.start(instanceId);
    await expect.poll(() => told, wait).toEqual(["snapshot", "asked", "recovered"]);
    const after = (): string[] => archived(rig).slice(1);
    await expect.poll(after, wait).toContain("5522@s.whatsapp.net");
    expect(after().filter((jid) => jid === "5522@s.whatsapp.net")).toHaveLength(1);
  });

  it("are asked of the phone, too, when changes go on not fitting a copy that did", async () => {
    const { rig, told } = await openRig();
    await using _rig = rig;
    await rig.pair();
    const damage = () => sandbox.control.addFault({ type: "settings-damage", match: { number: rig.number } });
    await damage();
    await label(rig, "1", "Damaged");
    await expect.poll(() => named(rig), wait).toContain("Damaged");
    expect(told).toEqual(["patch"]);
    await damage();
    await label(rig, "2", "Damaged again");
    await expect.poll(() => named(rig), wait).toContain("Damaged again");
    await expect.poll(() => told, wait).toEqual(["patch", "patch", "asked", "recovered"]);
    await label(rig, "3", "Later");
    await expect.poll(() => named(rig), wait).toContain("Later");
    expect(told).toHaveLength(4);
  });

  it("a phone that is silent: told, and asked no more for a while", async () => {
    const { rig, told } = await openRig({ answerMs: 20, againMs: 3_600_000 });
    await using _rig = rig;
    await rig.pair();
    await sandbox.control.behaviour({ phoneAnswers: false });
    await lose(rig, "2", "Lost");
    await expect.poll(() => told, wait).toEqual(["snapshot", "asked", "silent"]);
    await label(rig, "3", "Meanwhile");
    await expect.poll(() => named(rig), wait).toContain("Meanwhile");
    expect(told).toEqual(["snapshot", "asked", "silent", "patch", "snapshot"]);
  });

  it("a late answer is taken", async () => {
    const { rig, told } = await openRig({ answerMs: 20, againMs: 3_600_000 });
    await using _rig = rig;
    await rig.pair();
    await sandbox.control.behaviour({ phoneAnswerMs: 300 });
    await lose(rig, "2", "Lost");
    await expect.poll(() => told, wait).toEqual(["snapshot", "asked", "silent", "recovered"]);
    await expect.poll(() => named(rig), wait).toContain("Lost");
  });

  it("a phone that never answers is asked again later, also after a restart", async () => {
    const { rig, told } = await openRig({ answerMs: 20, againMs: 300 });
    await using _rig = rig;
    await rig.pair();
    await sandbox.control.behaviour({ phoneAnswers: false });
    await lose(rig, "2", "Lost");
    await expect.poll(() => told, wait).toContain("silent");
    await rig.sessions.stop(rig.instanceId);
    await sandbox.control.behaviour({ phoneAnswers: true });
    await rig.sessions.start(rig.instanceId);
    await expect.poll(() => named(rig), wait).toContain("Lost");
    expect(told.filter((step) => step === "recovered")).toEqual(["recovered"]);
  });
});
