import { randomBytes } from "node:crypto";
import { Curve } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, newAuth, pairClient } from "./baileys.ts";
import { eventually } from "./eventually.ts";
import { expectHonestWire } from "./honest-wire.ts";

const signal = AbortSignal.timeout(60_000);
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox({}, { wire: "any" });
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await sandbox[Symbol.asyncDispose]();
});

const refusals = () => sandbox.control.trace().refusals.map(({ kind }) => kind);

describe("linking by QR", () => {
  it("the client is told to start again, and is then online with history and names", async () => {
    await sandbox.control.addContact({ number: "5511888880001", name: "Ana Maria" });
    await using client = await pairClient(sandbox, { number: "5511999990001", name: "Own" });
    expect(client.auth.creds.me).toMatchObject({
      id: "5511999990001:1@s.whatsapp.net",
      lid: expect.stringMatching(/:1@lid$/),
    });
    await eventually(() => client.auth.creds.accountSyncCounter).toBe(1);
    expect(client.auth.creds.myAppStateKeyId).toBeDefined();
    await eventually(() => client.auth.creds.me?.name).toBe("Own");
    const contacts = () =>
      client.updates.flatMap((events) => [
        ...(events["messaging-history.set"]?.contacts ?? []),
        ...(events["contacts.upsert"] ?? []),
      ]);
    const named = expect.objectContaining({ id: "5511888880001@s.whatsapp.net", name: "Ana Maria" });
    await eventually(contacts).toContainEqual(named);
    const [device] = sandbox.control.state().devices.filter(({ number }) => number === "5511999990001");
    expect(device).toMatchObject({ device: 1, online: true, jid: "5511999990001:1@s.whatsapp.net" });
  });

  it("takes the code bare or behind its link; the second device of an account gets the next number", async () => {
    await using client = await pairClient(sandbox, { number: "5511999990002" });
    await using second = connectClient(sandbox);
    const { qr = "" } = await second.until((state) => state.qr !== undefined);
    const bare = qr.slice(qr.indexOf("#") + 1);
    const linked = await sandbox.control.scan({ number: "5511999990002", qr: bare }, signal);
    expect(linked).toMatchObject({ number: "5511999990002", device: 2 });
    expect(await second.closed()).toBe(515);
    expect(client.sock.ws.isOpen).toBe(true);
  });

  it("says who it is: business name and platform", async () => {
    await using client = await pairClient(sandbox, { number: "5511999990003", business: "Shop", platform: "smba" });
    expect(client.auth.creds.platform).toBe("smba");
    expect(client.auth.creds.me?.name).toBe("Shop");
  });

  it.each([
    ["that no client shows", (qr: string) => withField(qr, 0, "2@AAAA"), "not_found", []],
    [
      "of another client's keys",
      (qr: string) => withField(qr, 1, randomBytes(32).toString("base64")),
      "refused",
      ["pairing-code"],
    ],
    ["that is none", () => "https://example.com", "invalid", []],
  ])("a code %s links nothing", async (_, change, code, recorded) => {
    await using client = connectClient(sandbox);
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const before = refusals().length;
    await expect(sandbox.control.scan({ number: "5511999990004", qr: change(qr) }, signal)).rejects.toMatchObject({
      code,
    });
    expect(refusals().slice(before)).toEqual(recorded);
    expect(sandbox.control.state().devices.some(({ number }) => number === "5511999990004")).toBe(false);
  });

  it("a secret that is not the client's: the client refuses, and nothing is linked", async () => {
    await using client = connectClient(sandbox);
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const forged = withField(qr, 3, randomBytes(32).toString("base64"));
    await expect(sandbox.control.scan({ number: "5511999990005", qr: forged }, signal)).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  it("a device that does not sign with the identity it shows is refused", async () => {
    const auth = newAuth();
    const { signedIdentityKey } = auth.creds;
    signedIdentityKey.private = Curve.generateKeyPair().private;
    await using client = connectClient(sandbox, auth);
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const before = refusals().length;
    await expect(sandbox.control.scan({ number: "5511999990006", qr }, signal)).rejects.toMatchObject({
      code: "refused",
    });
    expect(refusals().slice(before)).toEqual(["device-signature"]);
    expect(sandbox.control.state().devices.some(({ number }) => number === "5511999990006")).toBe(false);
  });

  it("a device whose signed pre-key is not signed is not even offered a code", async () => {
    const auth = newAuth();
    auth.creds.signedPreKey.signature = randomBytes(64);
    await using client = connectClient(sandbox, auth);
    expect(await client.closed()).toBe(400);
    expect(refusals().at(-1)).toBe("handshake");
  });
});

describe("linking by code", () => {
  it.each([
    ["that the client made", undefined],
    ["of one's own", "WAZAPI42"],
  ])("with a code %s", async (_, own) => {
    const number = own === undefined ? "5511999990007" : "5511999990008";
    const auth = newAuth();
    await using client = connectClient(sandbox, auth);
    await client.until((state) => state.qr !== undefined);
    const code = await client.sock.requestPairingCode(number, own);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    expect(await sandbox.control.code({ number, code, name: "By code" }, signal)).toMatchObject({ number, device: 1 });
    expect(await client.closed()).toBe(515);
    expect(auth.creds.registered).toBe(true);
    await using again = connectClient(sandbox, auth);
    await again.opened();
  });

  it("a wrong code links nothing, is recorded, and the right one may follow", async () => {
    const number = "5511999990009";
    await using client = connectClient(sandbox);
    await client.until((state) => state.qr !== undefined);
    const code = await client.sock.requestPairingCode(number);
    await eventually(() => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number)).toBe(true);
    const before = refusals().length;
    await expect(sandbox.control.code({ number, code: "WRONG123" }, signal)).rejects.toMatchObject({ code: "refused" });
    expect(refusals().slice(before)).toEqual(["pairing-code"]);
    expect(client.auth.creds.registered).toBe(false);
    await sandbox.control.code({ number, code }, signal);
    expect(await client.closed()).toBe(515);
  });

  it("without a client that asked there is nothing to type into", async () => {
    const input = { number: "5511999990010", code: "ABCD1234" };
    await expect(sandbox.control.code(input, signal)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("unlinking", () => {
  it("on the phone: the client is thrown out and cannot come back", async () => {
    await using client = await pairClient(sandbox, { number: "5511999990011" });
    expect(await sandbox.control.unlink({ number: "5511999990011" })).toEqual({ unlinked: 1 });
    expect(await client.closed()).toBe(401);
    await using again = connectClient(sandbox, client.auth);
    expect(await again.closed()).toBe(401);
    expect(refusals()).toContain("login");
    await expect(sandbox.control.unlink({ number: "5511999990011" })).rejects.toMatchObject({ code: "not_found" });
  });

  it("by the client: logged out at the server too", async () => {
    await using client = await pairClient(sandbox, { number: "5511999990012" });
    await client.sock.logout();
    expect(await client.closed()).toBe(401);
    await eventually(() => sandbox.control.state().devices.some(({ number }) => number === "5511999990012")).toBe(
      false,
    );
    await using again = connectClient(sandbox, client.auth);
    expect(await again.closed()).toBe(401);
  });
});

/** The QR text with another value in one of its fields. */
function withField(qr: string, at: number, value: string): string {
  const [link = "", fields = ""] = qr.split("#");
  return `${link}#${fields.split(",").with(at, value).join(",")}`;
}
