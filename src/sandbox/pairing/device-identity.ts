import { createHmac } from "node:crypto";
import { proto, type KeyPair } from "@whiskeysockets/baileys";
import { isSigned, sign } from "../signal/curve.ts";

/** A phone's word that a device is its companion, and what the companion's answer is checked against. */
export interface SignedDevice {
  /** Encoded `ADVSignedDeviceIdentityHMAC`, the content of `device-identity` in `pair-success`. */
  readonly hmacIdentity: Uint8Array;
  /** Encoded `ADVDeviceIdentity`. */
  readonly details: Uint8Array;
  /** 32 bytes. */
  readonly companionIdentity: Uint8Array;
  readonly accountSignatureKey: Uint8Array;
  readonly accountSignature: Uint8Array;
}

// WhatsApp protocol: what is signed starts with the kind of signature.
const accountPrefix = Buffer.from([6, 0]);
const devicePrefix = Buffer.from([6, 1]);

/** Signs a companion's identity with the phone's, sealed with the secret that the companion showed. */
export function signDeviceIdentity(input: {
  readonly phoneIdentity: KeyPair;
  /** 32 bytes. */
  readonly companionIdentity: Uint8Array;
  readonly advSecret: Uint8Array;
  readonly keyIndex: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}): SignedDevice {
  const { phoneIdentity, companionIdentity, keyIndex, timestamp } = input;
  const rawId = Buffer.from(phoneIdentity.public).readUInt32BE(0);
  const details = proto.ADVDeviceIdentity.encode({
    rawId,
    timestamp,
    keyIndex,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish();
  const accountSignatureKey = phoneIdentity.public;
  const accountSignature = sign(phoneIdentity, Buffer.concat([accountPrefix, details, companionIdentity]));
  const signed = proto.ADVSignedDeviceIdentity.encode({ details, accountSignatureKey, accountSignature }).finish();
  const hmac = createHmac("sha256", input.advSecret).update(signed).digest();
  const hmacIdentity = proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
  return { hmacIdentity, details, companionIdentity, accountSignatureKey, accountSignature };
}

/**
 * Whether the companion signed what the phone had signed. `reply` is the encoded `ADVSignedDeviceIdentity` of
 * `pair-device-sign`; the account's key may be missing from it.
 */
export function verifyDeviceSignature(signed: SignedDevice, reply: Uint8Array): boolean {
  let identity: proto.ADVSignedDeviceIdentity;
  try {
    identity = proto.ADVSignedDeviceIdentity.decode(reply);
  } catch {
    // Bytes that are no message carry no signature.
    return false;
  }
  const { details, accountSignature, accountSignatureKey, deviceSignature } = identity;
  if (!isSame(details, signed.details) || !isSame(accountSignature, signed.accountSignature)) return false;
  if ((accountSignatureKey?.length ?? 0) > 0 && !isSame(accountSignatureKey, signed.accountSignatureKey)) return false;
  const message = Buffer.concat([devicePrefix, signed.details, signed.companionIdentity, signed.accountSignatureKey]);
  return isSigned(signed.companionIdentity, message, deviceSignature ?? new Uint8Array(0));
}

function isSame(one: Uint8Array | null | undefined, other: Uint8Array): boolean {
  return one !== null && one !== undefined && Buffer.compare(one, other) === 0;
}
