import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BinaryNode, proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AssertionJson } from "#sandbox/passkey/assertion.ts";
import type { PasskeyFaultType } from "#sandbox/passkey/passkey-faults.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { connectClient, newAuth } from "../baileys.ts";
import { eventually } from "../eventually.ts";
import { expectHonestWire } from "../honest-wire.ts";
import { type Habits, playCompanion } from "./companion.ts";

const signal = AbortSignal.timeout(60_000);
let sandbox: Sandbox;
let numbers = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({}, { wire: "any" });
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await sandbox[Symbol.asyncDispose]();
});

/** A number whose phone asks for its passkey. */
async function passkeyNumber(): Promise<string> {
  numbers += 1;
  const number = `55119777700${String(numbers).padStart(2, "0")}`;
  await sandbox.control.passkey({ number, required: true });
  return number;
}

const refusalsFrom = (start: number) =>
  sandbox.control
    .trace()
    .refusals.slice(start)
    .map(({ kind }) => kind);

/** A client whose QR the phone has scanned; the companion of the tests answers what follows. */
async function scanned(
  habits: Habits = {},
  faults: readonly { type: PasskeyFaultType; ms?: number; code?: number }[] = [],
) {
  const number = await passkeyNumber();
  for (const fault of faults) await sandbox.control.addFault({ ...fault, match: { number } });
  const start = sandbox.control.trace().refusals.length;
  const auth = newAuth();
  const client = connectClient(sandbox, auth);
  const companion = playCompanion(client, async (options) => sandbox.control.passkeySign({ number, options }), habits);
  const { qr = "" } = await client.until((state) => state.qr !== undefined);
  const linked = sandbox.control.scan({ number, qr, name: "Own" }, signal);
  linked.catch(() => {});
  const info = () => sandbox.control.state().waiting.find(({ passkey }) => passkey?.number === number)?.passkey;
  return { number, auth, client, companion, linked, info, refusals: () => refusalsFrom(start), ...disposing(client) };
}

const disposing = (client: AsyncDisposable) => ({ [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() });

describe("linking an account that wants its passkey", () => {
  it("by QR: the proof spares the comparison, and the device logs in with the new secret", async () => {
    await using one = await scanned();
    const before = one.auth.creds.advSecretKey;
    expect(await one.linked).toMatchObject({ number: one.number, device: 1 });
    expect(await one.client.closed()).toBe(515);
    expect(one.auth.creds.advSecretKey).not.toBe(before);
    expect(one.refusals()).toEqual([]);
    await using again = connectClient(sandbox, one.auth);
    await again.opened();
  });

  it("by pairing code", async () => {
    const number = await passkeyNumber();
    const auth = newAuth();
    await using client = connectClient(sandbox, auth);
    const start = sandbox.control.trace().refusals.length;
    playCompanion(client, async (options) => sandbox.control.passkeySign({ number, options }));
    await client.until((state) => state.qr !== undefined);
    const code = await client.sock.requestPairingCode(number);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    expect(await sandbox.control.code({ number, code }, signal)).toMatchObject({ number, device: 1 });
    expect(await client.closed()).toBe(515);
    expect(refusalsFrom(start)).toEqual([]);
  });

  it("without proof the person compares: both show the same code, and only a yes links", async () => {
    await using one = await scanned({ proofSecret: null });
    await one.companion.asked;
    expect(one.info()).toMatchObject({ stage: "requested", proof: "none", code: one.companion.code() });
    await sandbox.control.passkeyConfirm({ number: one.number, match: true });
    expect(await one.linked).toMatchObject({ number: one.number });
  });

  it("a no links nothing", async () => {
    await using one = await scanned({ proofSecret: null });
    await one.companion.asked;
    await sandbox.control.passkeyConfirm({ number: one.number, match: false });
    await expect(one.linked).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("codes differ"),
    });
    expect(sandbox.control.state().devices.some(({ number }) => number === one.number)).toBe(false);
  });

  it("whoever scanned waits no longer: the phone goes on, and the linking comes to its end", async () => {
    const number = await passkeyNumber();
    await using client = connectClient(sandbox);
    const sign = async (options: { challenge: string }) => sandbox.control.passkeySign({ number, options });
    const companion = playCompanion(client, sign, { proofSecret: null });
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const waiting = new AbortController();
    const linked = sandbox.control.scan({ number, qr }, waiting.signal);
    await companion.asked;
    waiting.abort();
    await expect(linked).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("the phone goes on"),
    });
    await sandbox.control.passkeyConfirm({ number, match: true });
    expect(await client.closed()).toBe(515);
    expect(companion.errors).toEqual([]);
    expect(sandbox.control.state().devices).toContainEqual(expect.objectContaining({ number }));
  });

  it("an account that does not want it any more is linked as ever", async () => {
    const number = await passkeyNumber();
    await sandbox.control.passkey({ number, required: false });
    await using client = connectClient(sandbox);
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    expect(await sandbox.control.scan({ number, qr }, signal)).toMatchObject({ number });
  });

  it("the passkey outlives a restart with the state file", async () => {
    const dir = await mkdtemp(join(tmpdir(), "wazapi-passkey-"));
    const options = { statePath: join(dir, "state.json") };
    const number = "5511977779999";
    let before: unknown;
    {
      await using first = await openTestSandbox(options, { wire: "any" });
      before = await first.control.passkey({ number, required: true });
    }
    await using second = await openTestSandbox(options, { wire: "any" });
    expect(await second.control.passkey({ number, required: true })).toEqual(before);
    await second.control.passkeySign({ number, options: { challenge: "AAAA" } });
    await rm(dir, { recursive: true });
  });
});

const changed = (change: (response: AssertionJson["response"]) => Partial<AssertionJson["response"]>) => ({
  assertion: (one: AssertionJson) => ({ ...one, response: { ...one.response, ...change(one.response) } }),
});
const clientData = (change: object) =>
  changed(({ clientDataJSON }) => {
    const data = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString()) as object;
    return { clientDataJSON: Buffer.from(JSON.stringify({ ...data, ...change })).toString("base64url") };
  });
const authData = (change: (bytes: Buffer) => void) =>
  changed(({ authenticatorData }) => {
    const bytes = Buffer.from(authenticatorData, "base64url");
    change(bytes);
    return { authenticatorData: bytes.toString("base64url") };
  });

describe("what a client does wrong is refused and recorded", () => {
  it.each<[string, Habits, string, number]>([
    [
      "another credential id",
      { assertion: (one) => ({ ...one, id: "AAAA", rawId: "AAAA" }) },
      "passkey-assertion",
      400,
    ],
    ["further members", { assertion: (one) => ({ ...one, clientExtensionResults: {} }) }, "passkey-assertion", 400],
    ["another type", clientData({ type: "webauthn.create" }), "passkey-assertion", 400],
    ["another challenge", clientData({ challenge: "AAAA" }), "passkey-assertion", 400],
    ["another origin", clientData({ origin: "https://example.com" }), "passkey-assertion", 400],
    ["another relying party", authData((bytes) => bytes.fill(1, 0, 32)), "passkey-assertion", 400],
    ["no verification of the user", authData((bytes) => (bytes[32] = 0x01)), "passkey-assertion", 400],
    ["no reference asked for", { ref: "2@made-up" }, "passkey-no-ref", 400],
    ["another device type", { deviceType: proto.DeviceProps.PlatformType.DESKTOP }, "passkey-device-type", 400],
  ])("in the assertion: %s", async (_, habits, kind, code) => {
    await using one = await scanned(habits);
    await expect(one.linked).rejects.toMatchObject({ code: "refused" });
    expect(one.refusals()).toEqual([kind]);
    await eventually(() => one.companion.errors).toEqual([["passkey_prologue", code]]);
  });

  it("the nonce is not the one committed to", async () => {
    await using one = await scanned({ otherNonce: true });
    await expect(one.linked).rejects.toMatchObject({ code: "refused" });
    expect(one.refusals()).toEqual(expect.arrayContaining(["passkey-commitment"]));
  });

  it("the secret that was known is asked for again", async () => {
    await using one = await scanned({ newSecret: (old) => old });
    await expect(one.linked).rejects.toMatchObject({ code: "refused" });
    expect(one.refusals()).toEqual(["passkey-secret-reused"]);
  });

  it("the proof is for another secret: the person has to compare", async () => {
    await using one = await scanned({ proofSecret: randomBytes(32) });
    await one.companion.asked;
    expect([one.refusals(), one.info()?.proof]).toEqual([["passkey-proof"], "wrong"]);
    await sandbox.control.passkeyConfirm({ number: one.number, match: true });
    await one.linked;
  });

  it.each([
    ["not at all", 0, ["missing-ack", "missing-ack"]],
    ["twice", 2, ["double-ack", "double-ack"]],
  ])("notifications are acknowledged %s", async (_, acks, recorded) => {
    await using one = await scanned({ acks });
    await one.linked;
    expect(one.refusals()).toEqual(recorded);
  });

  it("an unknown credential is accepted, and then nothing comes", async () => {
    const other = await passkeyNumber();
    const number = await passkeyNumber();
    await using client = connectClient(sandbox);
    const companion = playCompanion(client, async (options) => sandbox.control.passkeySign({ number: other, options }));
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const scan = sandbox.control.scan({ number, qr }, signal);
    scan.catch(() => {});
    const stage = () =>
      sandbox.control.state().waiting.find(({ passkey }) => passkey?.number === number)?.passkey?.stage;
    await eventually(stage).toBe("answered");
    expect([companion.errors, companion.notices()]).toEqual([[], ["passkey_prologue_request"]]);
    await client[Symbol.asyncDispose]();
    await expect(scan).rejects.toMatchObject({ code: "refused", message: "the client went away" });
  });
});

describe("faults", () => {
  it.each<[PasskeyFaultType, { ms?: number }]>([
    ["passkey-no-options", {}],
    ["passkey-twice", {}],
    ["passkey-late", { ms: 50 }],
    ["passkey-early-success", {}],
  ])("%s: a good client is linked all the same", async (type, more) => {
    await using one = await scanned({}, [{ type, ...more }]);
    await one.linked;
    expect(one.refusals()).toEqual([]);
    if (type === "passkey-twice") expect(one.companion.notices().length).toBeGreaterThan(2);
  });

  it.each<[PasskeyFaultType, number | undefined, [string, number]]>([
    ["passkey-refuse", undefined, ["passkey_prologue", 406]],
    ["passkey-refuse", 429, ["passkey_prologue", 429]],
    ["passkey-refuse-request", undefined, ["encrypted_pairing_request", 403]],
  ])("%s: the client is told %s", async (type, code, error) => {
    await using one = await scanned({}, [{ type, ...(code !== undefined && { code }) }]);
    await expect(one.linked).rejects.toMatchObject({ code: "refused" });
    await eventually(() => one.companion.errors).toEqual([error]);
  });

  it.each<PasskeyFaultType>(["passkey-drop-assertion", "passkey-drop-request"])(
    "%s: the socket is cut",
    async (type) => {
      await using one = await scanned({}, [{ type }]);
      await expect(one.linked).rejects.toMatchObject({ message: "the client went away" });
      expect(await one.client.closed()).toBe(428);
    },
  );

  it("passkey-silent: accepted, and the phone never continues", async () => {
    await using one = await scanned({}, [{ type: "passkey-silent" }]);
    await eventually(() => one.info()?.stage).toBe("answered");
    expect([one.companion.errors, one.companion.notices()]).toEqual([[], ["passkey_prologue_request"]]);
  });

  it.each<[PasskeyFaultType, [string, number]]>([
    ["passkey-bad-key", ["primary_ephemeral_identity", 31]],
    ["passkey-wrong-child", ["primary_identity", 32]],
  ])("%s: the phone continues with what no client can use", async (type, sent) => {
    await using one = await scanned({}, [{ type }]);
    await eventually(one.companion.notices).toContain("crsc_continuation");
    const notice = one.client.stanzas("notification").findLast(({ attrs }) => attrs["type"] === "crsc_continuation");
    const [child] = (notice?.content ?? []) as BinaryNode[];
    const { publicKey } = proto.PrimaryEphemeralIdentity.decode(child?.content as Uint8Array);
    expect([child?.tag, publicKey?.length]).toEqual(sent);
    expect(one.info()).toMatchObject({ stage: "answered" });
  });

  it("passkey-bare-hello: after a code was typed the phone says no keys, and asks beside it", async () => {
    const number = await passkeyNumber();
    await sandbox.control.addFault({ type: "passkey-bare-hello", match: { number } });
    await using client = connectClient(sandbox);
    const companion = playCompanion(client, async (options) => sandbox.control.passkeySign({ number, options }));
    await client.until((state) => state.qr !== undefined);
    const code = await client.sock.requestPairingCode(number);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    const linked = sandbox.control.code({ number, code }, signal);
    await companion.asked;
    await sandbox.control.passkeyConfirm({ number, match: true });
    expect(await linked).toMatchObject({ number });
  });
});
