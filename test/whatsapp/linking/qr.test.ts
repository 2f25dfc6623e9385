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
const rotationAcks = () =>
  sandbox.control
    .trace()
    .stanzas.filter(
      ({ direction, stanza }) => direction === "in" && /^<ack .*type="companion_reg_refresh"/.test(stanza),
    ).length;

const refOf = (qr: string): string => qr.split(",")[0]!;

async function shown(rig: SessionRig): Promise<string> {
  return (await rig.sessions.qr(rig.instanceId, rig.signal)).qr;
}

/** The QR of the rig, once it is not this one any more. */
async function nextQr(rig: SessionRig, before: string): Promise<string> {
  let qr = before;
  await expect.poll(async () => (qr = await shown(rig)), wait).not.toBe(before);
  return qr;
}

describe("a QR that WhatsApp retires", () => {
  it.each(["companion_reg_refresh", "pair-device-rotate-qr"] as const)(
    "by %s: the same reference is shown with another secret, which links",
    async (form) => {
      await using rig = await openSessionRig(sandbox);
      const acks = rotationAcks();
      const first = await shown(rig);
      await sandbox.control.rotateQr({ form });
      const second = await nextQr(rig, first);
      const [before, after] = [first.split(","), second.split(",")];
      expect(after.toSpliced(3, 1)).toEqual(before.toSpliced(3, 1));
      await sandbox.control.scan({ number: rig.number, qr: second }, rig.signal);
      await rig.opened();
      expect(owedAcks()).toEqual([]);
      expect(rotationAcks() - acks).toBe(1);
    },
  );

  it("the old one links nothing, and the next connection shows a living one", async () => {
    await using rig = await openSessionRig(sandbox);
    const first = await shown(rig);
    await sandbox.control.rotateQr();
    await nextQr(rig, first);
    await expect(sandbox.control.scan({ number: rig.number, qr: first }, rig.signal)).rejects.toMatchObject({
      code: "refused",
    });
    await expect.poll(async () => refOf(await shown(rig)), wait).not.toBe(refOf(first));
    await rig.pair();
    expect(owedAcks()).toEqual([]);
  });

  it("what is shown later in the same connection has the new secret, too", async () => {
    await using rig = await openSessionRig(sandbox, { qrTimeoutMs: 400 });
    const first = await shown(rig);
    await sandbox.control.rotateQr();
    const [, , , secret] = (await nextQr(rig, first)).split(",");
    let later = first;
    await expect.poll(async () => refOf((later = await shown(rig))), wait).not.toBe(refOf(first));
    expect(later.split(",")[3]).toBe(secret);
  });
});
