import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { bytesToCrockford, Curve, hkdf, type KeyPair, proto } from "@whiskeysockets/baileys";

/** WhatsApp protocol: length of every key, nonce and secret of the ceremony. */
export const keyBytes = 32;

/** What this device makes up for one ceremony; single use. */
export interface CompanionKeys {
  /** Raw X25519, without Signal's type byte. */
  readonly ephemeral: KeyPair;
  readonly nonce: Uint8Array;
  /** As in the `DeviceProps` the device registered with. */
  readonly deviceType: proto.DeviceProps.PlatformType;
  /** What the server answered. */
  readonly ref: string;
}

/** What the phone makes up. */
export interface PhoneKeys {
  readonly publicKey: Uint8Array;
  readonly nonce: Uint8Array;
}

/** New keys for a ceremony. */
export function newCompanionKeys(deviceType: CompanionKeys["deviceType"], ref: string): CompanionKeys {
  return { ephemeral: Curve.generateKeyPair(), nonce: randomBytes(keyBytes), deviceType, ref };
}

/**
 * WhatsApp protocol: the key of the handoff's proof follows from the secret that the phone scanned (or derived from the
 * pairing code): the proof says that this device is the one the phone began with.
 */
export function handoffKeyOf(advSecret: Uint8Array): Buffer {
  return Buffer.from(hkdf(Buffer.from(advSecret), keyBytes, { info: "shortcake-passkey-handoff-v1" }));
}

/** WhatsApp protocol: the proof is over the very bytes of the payload. */
export function handoffProof(key: Uint8Array, payload: Uint8Array): Buffer {
  return createHmac("sha256", key).update(payload).digest();
}

/** WhatsApp protocol: the payload carries the identity and, as a hash, the promise of the nonce that follows later. */
export function prologuePayload(keys: CompanionKeys): Uint8Array {
  const { ephemeral, deviceType, ref, nonce } = keys;
  const identity = proto.CompanionEphemeralIdentity.encode({ publicKey: ephemeral.public, deviceType, ref }).finish();
  const hash = createHash("sha256").update(identity).update(nonce).digest();
  return proto.ProloguePayload.encode({ companionEphemeralIdentity: identity, commitment: { hash } }).finish();
}

/** Reads the phone's part; undefined when it does not decode, or key and nonce are not exactly 32 bytes. */
export function phoneKeysOf(content: Uint8Array): PhoneKeys | undefined {
  try {
    const { publicKey, nonce } = proto.PrimaryEphemeralIdentity.decode(content);
    if (publicKey?.length !== keyBytes || nonce?.length !== keyBytes) return undefined;
    return { publicKey, nonce };
  } catch {
    return undefined; // What does not decode is none.
  }
}

const codeBytes = 5;

/** WhatsApp protocol: the eight symbols that both screens show, without the dash in the middle. */
export function comparedCode({ nonce }: CompanionKeys, phone: PhoneKeys): string {
  const digest = createHash("sha256").update(nonce).update(phone.publicKey).digest();
  return bytesToCrockford(Buffer.from(phone.nonce.subarray(0, codeBytes).map((byte, at) => byte ^ (digest[at] ?? 0))));
}

/** What the phone is asked to vouch for. */
export interface PairingRequest {
  readonly noisePublic: Uint8Array;
  readonly identityPublic: Uint8Array;
  /** The secret that `pair-success` is checked with from then on. */
  readonly advSecret: Uint8Array;
}

/** WhatsApp protocol: AES-256-GCM without associated data; the sentence with device type and reference is the salt. */
export function sealPairingRequest(
  keys: CompanionKeys,
  phone: PhoneKeys,
  { request, iv = randomBytes(ivBytes) }: { readonly request: PairingRequest; readonly iv?: Uint8Array },
): Uint8Array {
  const key = hkdf(Curve.sharedKey(keys.ephemeral.private, phone.publicKey), keyBytes, {
    salt: Buffer.from(`Companion Pairing ${keys.deviceType} with ref ${keys.ref}`),
    info: "Pairing Information Encryption Key",
  });
  const plain = proto.PairingRequest.encode({
    companionPublicKey: request.noisePublic,
    companionIdentityKey: request.identityPublic,
    advSecret: request.advSecret,
  }).finish();
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const encryptedPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return proto.EncryptedPairingRequest.encode({ encryptedPayload, iv }).finish();
}

const ivBytes = 12;
