import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PasskeyStage } from "#domain/passkey.ts";
import type { PasskeyFaultType } from "#sandbox/passkey/passkey-faults.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { SessionsOptions } from "#whatsapp/options.ts";
import { defaultPasskeyTimes } from "#whatsapp/passkey/passkey-options.ts";
import { eventually } from "../sandbox/eventually.ts";
import { expectHonestWire } from "../sandbox/honest-wire.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let rig: SessionRig;
let ends: string[];
let refusals: number;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(async () => {
  expectHonestWire(sandbox);
  await sandbox[Symbol.asyncDispose]();
});

beforeEach(() => {
  ends = [];
  refusals = sandbox.control.trace().refusals.length;
});
afterEach(async () => {
  // Whatever went wrong on purpose, this client did nothing that the server had to refuse.
  expect(sandbox.control.trace().refusals.slice(refusals)).toEqual([]);
  await rig[Symbol.asyncDispose]();
});

interface Circumstances {
  readonly faults?: readonly { readonly type: PasskeyFaultType; readonly ms?: number; readonly code?: number }[];
  readonly times?: Partial<SessionsOptions["passkey"]>;
  readonly qrTimeoutMs?: number;
}

/** A session whose number wants a passkey, up to the scan. */
async function scanned({ faults = [], times = {}, ...options }: Circumstances = {}): Promise<void> {
  const passkey = { ...defaultPasskeyTimes, ...times };
  rig = await openSessionRig(sandbox, { passkey, ...options }, { passkeyEnded: (end) => ends.push(end) });
  const { number } = rig;
  await sandbox.control.passkey({ number, required: true });
  for (const fault of faults) await sandbox.control.addFault({ ...fault, match: { number } });
  const { qr } = await rig.sessions.qr(rig.instanceId, rig.signal);
  const linked = sandbox.control.scan({ number, qr, name: "Own" }, rig.signal);
  linked.catch(() => {});
}

const at = (stage: PasskeyStage | "none") =>
  eventually(async () => (await rig.sessions.passkey(rig.instanceId)).stage).toBe(stage);
const view = () => rig.sessions.passkey(rig.instanceId);
const reason = async () => (await rig.sessions.view(rig.instanceId)).connection.reason;

/** The user's browser signs, and its credential is given. */
async function answered(): Promise<void> {
  await at("required");
  await eventually(async () => (await view()).options).toBeDefined();
  const { options } = await view();
  const credential = await sandbox.control.passkeySign({ number: rig.number, options: options! });
  await rig.sessions.answerPasskey({ instanceId: rig.instanceId, credential });
}

describe("linking with a passkey", () => {
  it("by QR: says what it waits for, then is linked without a code to compare", async () => {
    await scanned();
    await answered();
    await rig.opened();
    expect(await rig.stateNames()).toEqual([
      "pairing start",
      "pairing passkey_required",
      "pairing passkey_waiting_phone",
      "pairing passkey_linking",
      "connecting restart_required",
      "connected connected",
    ]);
    expect([ends, await view()]).toEqual([["linked"], { stage: "none" }]);
    const told = rig.batches.flatMap(({ captured }) => (captured?.kind === "passkey" ? [captured] : []));
    expect(told).toEqual([
      { kind: "passkey", ceremony: expect.any(String), at: expect.any(Number), expiresAt: expect.any(Number) },
    ]);
  });

  it("by pairing code: the same, and the last digits are known", async () => {
    rig = await openSessionRig(sandbox, {}, { passkeyEnded: (end) => ends.push(end) });
    const { number, instanceId, signal } = rig;
    await sandbox.control.passkey({ number, required: true });
    const code = await rig.sessions.pairingCode({ instanceId, phone: number }, signal);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    const linked = sandbox.control.code({ number, code }, signal);
    await at("required");
    expect(await view()).toMatchObject({ lastDigits: number.slice(-4) });
    await answered();
    await linked;
    await rig.opened();
    expect(ends).toEqual(["linked"]);
  });

  it("by pairing code when the phone says no keys: the person at the phone has to say yes", async () => {
    rig = await openSessionRig(sandbox, {}, { passkeyEnded: (end) => ends.push(end) });
    const { number, instanceId, signal } = rig;
    await sandbox.control.passkey({ number, required: true });
    await sandbox.control.addFault({ type: "passkey-bare-hello", match: { number } });
    const code = await rig.sessions.pairingCode({ instanceId, phone: number }, signal);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    const linked = sandbox.control.code({ number, code }, signal);
    await answered();
    await at("linking");
    await eventually(() => onPhone()?.stage).toBe("requested");
    expect((await view()).code?.replace("-", "")).toBe(onPhone()?.code);
    await sandbox.control.passkeyConfirm({ number, match: true });
    await linked;
    await rig.opened();
  });

  it("after five minutes the codes are compared, here and on the phone", async () => {
    await scanned({ times: { handoffMs: 0 } });
    await answered();
    await at("confirm");
    expect((await view()).code?.replace("-", "")).toBe(onPhone()?.code);
    await expect(rig.sessions.qr(rig.instanceId, rig.signal)).rejects.toMatchObject({ code: "passkey_confirm" });
    await rig.sessions.comparePasskey({ instanceId: rig.instanceId, match: true });
    await eventually(() => onPhone()?.stage).toBe("requested");
    await sandbox.control.passkeyConfirm({ number: rig.number, match: true });
    await rig.opened();
    expect(ends).toEqual(["linked"]);
  });

  it("who says that the codes differ links nothing, and the next QR code begins anew", async () => {
    await scanned({ times: { handoffMs: 0 } });
    await answered();
    await at("confirm");
    await rig.sessions.comparePasskey({ instanceId: rig.instanceId, match: false });
    await eventually(reason).toBe("passkey_refused");
    await sandbox.control.passkey({ number: rig.number, required: false });
    await rig.link();
    expect(ends).toEqual(["refused"]);
  });

  it.each<[PasskeyFaultType, number?]>([
    ["passkey-no-options"],
    ["passkey-twice"],
    ["passkey-late", 100],
    ["passkey-early-success"],
  ])("%s: is linked all the same", async (type, ms) => {
    await scanned({ faults: [{ type, ...(ms !== undefined && { ms }) }] });
    await answered();
    await rig.opened();
    expect(ends).toEqual(["linked"]);
  });

  it.each<[PasskeyFaultType, string, number | undefined, Partial<SessionsOptions["passkey"]>]>([
    ["passkey-refuse", "refused", 406, {}],
    ["passkey-refuse-request", "refused", 403, {}],
    ["passkey-bad-key", "refused", undefined, {}],
    ["passkey-silent", "silent", undefined, { stageMs: 400 }],
    ["passkey-wrong-child", "silent", undefined, { stageMs: 400 }],
    ["passkey-drop-assertion", "expired", 428, {}],
    ["passkey-drop-request", "expired", 428, {}],
  ])("%s: ends as %s, and nothing comes back by itself", async (type, end, statusCode, times) => {
    await scanned({ faults: [{ type }], times });
    await answered();
    await eventually(async () => (await rig.stateNames()).at(-1)).toBe(`unpaired passkey_${end}`);
    const { connection } = await rig.sessions.view(rig.instanceId);
    expect([connection.reason, connection.statusCode, ends]).toEqual([`passkey_${end}`, statusCode, [end]]);
    expect(sandbox.control.state().devices.some(({ number }) => number === rig.number)).toBe(false);
  });

  it("a passkey of somebody else is taken, and never shown as linked", async () => {
    await scanned({ times: { stageMs: 400 } });
    await at("required");
    const other = `${rig.number.slice(0, -1)}x`.replace("x", rig.number.endsWith("1") ? "2" : "1");
    await sandbox.control.passkey({ number: other, required: true });
    const { options } = await view();
    const credential = await sandbox.control.passkeySign({ number: other, options: options! });
    await rig.sessions.answerPasskey({ instanceId: rig.instanceId, credential });
    await eventually(reason).toBe("passkey_silent");
    expect((await rig.stateNames()).some((name) => name.startsWith("conn"))).toBe(false);
    refusals += 1; // That credential.
  });

  it("a challenge that nobody answers ends", async () => {
    await scanned({ times: { challengeMs: 50 } });
    await eventually(reason).toBe("passkey_expired");
    const late = rig.sessions.answerPasskey({ instanceId: rig.instanceId, credential: {} });
    await expect(late).rejects.toMatchObject({ code: "passkey_expired" });
  });

  it("the QR codes run no further while the passkey is waited for: the challenge ends first", async () => {
    await scanned({ qrTimeoutMs: 40, times: { challengeMs: 600 } });
    await eventually(reason).toBe("passkey_expired");
    // Used up QR codes would have ended the connection with 408.
    expect((await rig.sessions.view(rig.instanceId)).connection.statusCode).toBeUndefined();
  });

  it("whoever waits for a QR code is told at once, and so is who asks for another or a code", async () => {
    await scanned();
    await at("required");
    const { instanceId, signal, number } = rig;
    await expect(rig.sessions.qr(instanceId, signal)).rejects.toMatchObject({ code: "passkey_required" });
    const code = rig.sessions.pairingCode({ instanceId, phone: number }, signal);
    await expect(code).rejects.toMatchObject({ code: "passkey_required" });
    await rig.sessions.stop(instanceId);
    expect(ends).toEqual(["abandoned"]);
  });

  it("a ceremony whose process is gone is told as expired; while that process lives, as what it is", async () => {
    await scanned();
    await at("required");
    const second = rig.other("two");
    const seen = async () => (await second.view(rig.instanceId)).connection;
    expect(await seen()).toMatchObject({ state: "pairing", reason: "passkey_required" });
    // As after `kill -9`: nothing is written down any more, and the lease runs out or is taken over.
    const lease = await rig.store.leases.get({ name: `instance:${rig.instanceId}` });
    await rig.store.leases.release({ lease: lease! });
    expect(await seen()).toMatchObject({ state: "unpaired", reason: "passkey_expired" });
  });

  it("a credential that WhatsApp would refuse is not sent, and the next one is", async () => {
    await scanned();
    await at("required");
    const { options } = await view();
    const good = await sandbox.control.passkeySign({ number: rig.number, options: options! });
    const { instanceId } = rig;
    const bad = { ...good, type: "password" };
    await expect(rig.sessions.answerPasskey({ instanceId, credential: bad })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(rig.sessions.comparePasskey({ instanceId, match: true })).rejects.toMatchObject({ code: "conflict" });
    expect(onPhone()?.stage).toBe("asked");
    await rig.sessions.answerPasskey({ instanceId, credential: good });
    await expect(rig.sessions.answerPasskey({ instanceId, credential: good })).rejects.toMatchObject({
      code: "conflict",
    });
    await rig.opened();
  });

  it("where none is asked for, none is taken", async () => {
    rig = await openSessionRig(sandbox);
    const { instanceId } = rig;
    expect(await view()).toEqual({ stage: "none" });
    await expect(rig.sessions.answerPasskey({ instanceId, credential: {} })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(rig.sessions.comparePasskey({ instanceId, match: true })).rejects.toMatchObject({ code: "conflict" });
  });
});

const onPhone = () => sandbox.control.state().waiting.find(({ passkey }) => passkey?.number === rig.number)?.passkey;
