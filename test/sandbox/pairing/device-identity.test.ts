import {
  configureSuccessfulPairing,
  Curve,
  encodeSignedDeviceIdentity,
  initAuthCreds,
  proto,
} from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { signDeviceIdentity, verifyDeviceSignature, type SignedDevice } from "#sandbox/pairing/device-identity.ts";
import { isSigned } from "#sandbox/signal/curve.ts";
import { bytesOf, childOf, serverJid, stanza } from "#sandbox/wire/stanza.ts";

const creds = initAuthCreds();
const phoneIdentity = Curve.generateKeyPair();
const companionIdentity = creds.signedIdentityKey.public;
const advSecret = Buffer.from(creds.advSecretKey, "base64");
const signed = signDeviceIdentity({
  phoneIdentity,
  companionIdentity,
  advSecret,
  keyIndex: 4,
  timestamp: 1_700_000_000,
});

/** What Baileys answers to `pair-success`. */
function answerOf({ hmacIdentity }: SignedDevice): { reply: Uint8Array; keyIndex: string | undefined } {
  const success = stanza("iq", { id: 1, type: "set", from: serverJid }, [
    stanza("pair-success", {}, [
      stanza("device-identity", {}, hmacIdentity),
      stanza("platform", { name: "iphone" }),
      stanza("device", { jid: "5511900000009:4@s.whatsapp.net", lid: "9:4@lid" }),
    ]),
  ]);
  const { reply } = configureSuccessfulPairing(success, creds);
  const identity = childOf(childOf(reply, "pair-device-sign"), "device-identity");
  return { reply: bytesOf(identity)!, keyIndex: identity!.attrs["key-index"] };
}

const { reply, keyIndex } = answerOf(signed);
const decoded: proto.IADVSignedDeviceIdentity = proto.ADVSignedDeviceIdentity.decode(reply);
const encode = (change: proto.IADVSignedDeviceIdentity): Uint8Array =>
  proto.ADVSignedDeviceIdentity.encode({ ...decoded, ...change }).finish();
const flipped = (bytes: Uint8Array | null | undefined): Uint8Array => {
  const copy = Buffer.from(bytes ?? Buffer.alloc(64));
  copy[9] = (copy[9] ?? 0) ^ 1;
  return copy;
};

describe("device identity", () => {
  it("Baileys accepts the phone's signature and its own is verified", () => {
    expect(keyIndex).toBe("4");
    expect(verifyDeviceSignature(signed, reply)).toBe(true);
    const withKey = encodeSignedDeviceIdentity({ ...decoded, accountSignatureKey: phoneIdentity.public }, true);
    expect(verifyDeviceSignature(signed, withKey)).toBe(true);
  });

  it("the account signature is right for whoever checks it (Baileys does not)", () => {
    const { details } = proto.ADVSignedDeviceIdentityHMAC.decode(signed.hmacIdentity);
    const identity = proto.ADVSignedDeviceIdentity.decode(details!);
    const message = Buffer.concat([Buffer.from([6, 0]), identity.details!, companionIdentity]);
    expect(isSigned(phoneIdentity.public, message, identity.accountSignature!)).toBe(true);
    expect(isSigned(phoneIdentity.public, flipped(message), identity.accountSignature!)).toBe(false);
    expect(proto.ADVDeviceIdentity.decode(identity.details!)).toMatchObject({ keyIndex: 4, deviceType: 0 });
  });

  it("another secret is noticed by the companion", () => {
    const other = signDeviceIdentity({
      phoneIdentity,
      companionIdentity,
      advSecret: Buffer.alloc(32),
      keyIndex: 4,
      timestamp: 1,
    });
    expect(() => answerOf(other)).toThrow("Invalid account signature");
  });

  it.each<[string, Uint8Array]>([
    ["a forged device signature", encode({ deviceSignature: flipped(decoded.deviceSignature) })],
    ["no device signature", encode({ deviceSignature: null })],
    ["a device signature of the wrong length", encode({ deviceSignature: Buffer.alloc(63) })],
    ["other details", encode({ details: flipped(decoded.details) })],
    ["another account signature", encode({ accountSignature: flipped(decoded.accountSignature) })],
    ["another account key", encode({ accountSignatureKey: flipped(phoneIdentity.public) })],
    ["no message at all", Buffer.from([255, 255, 255])],
    ["nothing", new Uint8Array(0)],
  ])("%s is refused", (_what, answer) => {
    expect(verifyDeviceSignature(signed, answer)).toBe(false);
  });

  it("the signature of another device is refused", () => {
    const other = signDeviceIdentity({
      phoneIdentity,
      companionIdentity: Curve.generateKeyPair().public,
      advSecret,
      keyIndex: 4,
      timestamp: 1_700_000_000,
    });
    expect(verifyDeviceSignature({ ...other, accountSignature: signed.accountSignature }, reply)).toBe(false);
  });
});
