import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "../session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };
const early = ["missing-ack", "double-ack"];
const owedAcks = () => sandbox.control.trace().refusals.filter(({ kind }) => early.includes(kind));
const displays = () => sandbox.control.trace().refusals.filter(({ detail }) => detail.includes("under a name"));

async function named(rig: SessionRig, sessionName: string): Promise<void> {
  const instance = await rig.store.instances.get({ instanceId: rig.instanceId });
  if (instance === undefined) throw new Error("no instance");
  await rig.store.instances.update({ instanceId: rig.instanceId, settings: { sessionName }, now: 1 });
}

const ask = async (rig: SessionRig, customCode?: string) =>
  rig.sessions.pairingCode(
    { instanceId: rig.instanceId, phone: rig.number, ...(customCode !== undefined && { customCode }) },
    rig.signal,
  );
const reason = async (rig: SessionRig) => {
  const { state, reason: why } = (await rig.sessions.view(rig.instanceId)).connection;
  return [state, why];
};
const type = async (rig: SessionRig, code: string) => sandbox.control.code({ number: rig.number, code }, rig.signal);

describe("linking by code", () => {
  it.each(["wazapi", "Acme Support", "Windows"])(
    "a device called %s asks under a name that WhatsApp knows, and is linked",
    async (sessionName) => {
      await using rig = await openSessionRig(sandbox);
      await named(rig, sessionName);
      const code = await ask(rig);
      expect(await reason(rig)).toEqual(["pairing", "code_waiting"]);
      await type(rig, code);
      await rig.opened();
      expect([displays(), owedAcks()]).toEqual([[], []]);
    },
  );

  it.each([
    [400, "pairing_refused", "refuses to give a pairing code (400 injected)"],
    [429, "rate_limited", "no more pairing codes for now (429 injected)"],
  ])("what the server answers reaches who asked: %d", async (code, kind, message) => {
    await using rig = await openSessionRig(sandbox);
    await sandbox.control.addFault({ type: "iq-error", code, match: { number: rig.number, xmlns: "md" } });
    await expect(ask(rig)).rejects.toMatchObject({
      code: kind,
      message: expect.stringContaining(message),
      details: { hint: expect.stringContaining("QR") },
    });
    await type(rig, await ask(rig));
    await rig.opened();
  });

  it("a wrong code is told, and the right one still links", async () => {
    await using rig = await openSessionRig(sandbox);
    const code = await ask(rig);
    await expect(type(rig, "WRONG123")).rejects.toMatchObject({ code: "refused" });
    await expect.poll(() => reason(rig), wait).toEqual(["pairing", "code_wrong"]);
    await type(rig, code);
    await rig.opened();
    expect(owedAcks()).toEqual([]);
  });

  it("after a wrong code the QR that is shown is one that links", async () => {
    await using rig = await openSessionRig(sandbox);
    await ask(rig);
    await expect(type(rig, "WRONG123")).rejects.toMatchObject({ code: "refused" });
    await expect.poll(() => reason(rig), wait).toEqual(["pairing", "code_wrong"]);
    await rig.link();
  });

  it("a code that WhatsApp takes no more is told; the next one links", async () => {
    await using rig = await openSessionRig(sandbox);
    const first = await ask(rig);
    await sandbox.control.refreshCode({ number: rig.number });
    await expect.poll(() => reason(rig), wait).toEqual(["pairing", "code_expired"]);
    await expect(type(rig, first)).rejects.toMatchObject({ code: "refused" });
    const second = await ask(rig, "WAZAPI43");
    expect(await reason(rig)).toEqual(["pairing", "code_waiting"]);
    await type(rig, second);
    await rig.opened();
    expect(owedAcks()).toEqual([]);
  });

  it("a later code replaces the one before", async () => {
    await using rig = await openSessionRig(sandbox);
    const [, second] = await Promise.all([ask(rig, "AAAAAAAA"), ask(rig, "BBBBBBBB")]);
    await type(rig, second);
    await rig.opened();
  });
});
