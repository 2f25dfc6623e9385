import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { aesDecryptGCM, bytesToCrockford, Curve, hkdf, type KeyPair, proto } from "@whiskeysockets/baileys";

/** What the companion committed itself to, as the phone read it. */
export interface Commitment {
  /** The encoded identity, byte by byte as it came: the hash is over these. */
  readonly identity: Uint8Array;
  readonly hash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly deviceType: number;
  readonly ref: string;
}

/** Reads a prologue payload; undefined when it does not decode or lacks a part. */
export function readPrologue(payload: Uint8Array | undefined): Commitment | undefined {
  if (payload === undefined) return undefined;
  try {
    const { companionEphemeralIdentity: identity, commitment } = proto.ProloguePayload.decode(payload);
    if (!identity || !commitment?.hash) return undefined;
    const { publicKey, deviceType, ref } = proto.CompanionEphemeralIdentity.decode(identity);
    if (!publicKey || deviceType === null || deviceType === undefined || !ref) return undefined;
    return { identity, hash: commitment.hash, publicKey, deviceType, ref };
  } catch {
    return undefined; // What does not decode is no payload.
  }
}

/** WhatsApp protocol: the proof is keyed with what follows from the secret that the phone scanned or derived. */
export function isHandoffProof(input: {
  readonly advSecret: Uint8Array;
  readonly payload: Uint8Array;
  readonly proof: Uint8Array;
}): boolean {
  const key = hkdf(Buffer.from(input.advSecret), 32, { info: "shortcake-passkey-handoff-v1" });
  const expected = createHmac("sha256", key).update(input.payload).digest();
  return expected.length === input.proof.length && timingSafeEqual(expected, input.proof);
}

/** Whether this nonce is the one that was committed to. */
export function isCommitted({ identity, hash }: Commitment, nonce: Uint8Array): boolean {
  return createHash("sha256").update(identity).update(nonce).digest().equals(Buffer.from(hash));
}

/** WhatsApp protocol: the eight symbols both sides show, without the dash. */
export function comparedCode(input: {
  readonly companionNonce: Uint8Array;
  readonly phonePublic: Uint8Array;
  readonly phoneNonce: Uint8Array;
}): string {
  const digest = createHash("sha256").update(input.companionNonce).update(input.phonePublic).digest();
  return bytesToCrockford(Buffer.from(input.phoneNonce.subarray(0, 5).map((byte, at) => byte ^ (digest[at] ?? 0))));
}

/** What the companion asks for in the last step. */
export interface PairingRequest {
  readonly noisePublic: Uint8Array;
  readonly identityPublic: Uint8Array;
  readonly advSecret: Uint8Array;
}

/** Opens the last step; undefined when it cannot be opened or lacks a part. */
export function openPairingRequest(
  content: Uint8Array | undefined,
  keys: { readonly ephemeral: KeyPair; readonly companion: Commitment },
): PairingRequest | undefined {
  const { ephemeral, companion } = keys;
  try {
    const { encryptedPayload, iv } = proto.EncryptedPairingRequest.decode(content ?? Buffer.alloc(0));
    if (!encryptedPayload || iv?.length !== 12) return undefined;
    const key = hkdf(Curve.sharedKey(ephemeral.private, companion.publicKey), 32, {
      // As it is in the protocol: the sentence is the salt. The types want bytes.
      salt: Buffer.from(`Companion Pairing ${companion.deviceType} with ref ${companion.ref}`),
      info: "Pairing Information Encryption Key",
    });
    const opened = aesDecryptGCM(encryptedPayload, key, iv, Buffer.alloc(0));
    const { companionPublicKey, companionIdentityKey, advSecret } = proto.PairingRequest.decode(opened);
    if (!companionPublicKey || !companionIdentityKey || advSecret?.length !== 32) return undefined;
    return { noisePublic: companionPublicKey, identityPublic: companionIdentityKey, advSecret };
  } catch {
    return undefined; // Another key, or another form.
  }
}
