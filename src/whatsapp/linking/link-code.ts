import { randomBytes } from "node:crypto";
import {
  aesDecryptCTR,
  aesEncryptCTR,
  aesEncryptGCM,
  Curve,
  derivePairingCodeKey,
  hkdf,
  type AuthenticationCreds,
} from "@whiskeysockets/baileys";

/*
 * WhatsApp protocol: linking by code. Companion and phone each wrap an ephemeral key with a key derived from the code:
 * salt 32 bytes, iv 16 bytes, AES-CTR of the 32-byte key. From both ephemeral keys follows the one that seals the bundle
 * of identities (salt 32, iv 12, AES-GCM), and with both identities the secret that the phone's word is checked with.
 */

const saltBytes = 32;
const ctrIvBytes = 16;
const gcmIvBytes = 12;
const wrappedBytes = saltBytes + ctrIvBytes + 32;

/** What of the credentials takes part. */
export type CodeKeys = Pick<AuthenticationCreds, "pairingEphemeralKeyPair" | "signedIdentityKey">;

/** Our ephemeral key, wrapped with the code. */
export async function wrapEphemeral(keys: CodeKeys, code: string): Promise<Uint8Array> {
  const salt = randomBytes(saltBytes);
  const iv = randomBytes(ctrIvBytes);
  const key = await derivePairingCodeKey(code, salt);
  return Buffer.concat([salt, iv, aesEncryptCTR(keys.pairingEphemeralKeyPair.public, key, iv)]);
}

/** What the phone said when its owner had typed a code. */
export interface PhoneHello {
  /** 80 bytes. */
  readonly wrappedEphemeral: Uint8Array;
  /** 32 bytes. */
  readonly identity: Uint8Array;
}

/** Whether these bytes can be what a phone says. */
export function isPhoneHello({ wrappedEphemeral, identity }: PhoneHello): boolean {
  return wrappedEphemeral.length === wrappedBytes && identity.length === 32;
}

/** Our last word to the phone, and the secret (base64) that its word is checked with. A wrong code is not seen here. */
export async function answerPhone(
  keys: CodeKeys,
  code: string,
  hello: PhoneHello,
): Promise<{ readonly bundle: Uint8Array; readonly advSecret: string }> {
  const wrapped = Buffer.from(hello.wrappedEphemeral);
  const [salt, iv] = [wrapped.subarray(0, saltBytes), wrapped.subarray(saltBytes, saltBytes + ctrIvBytes)];
  const theirs = aesDecryptCTR(wrapped.subarray(saltBytes + ctrIvBytes), await derivePairingCodeKey(code, salt), iv);
  const shared = Curve.sharedKey(keys.pairingEphemeralKeyPair.private, theirs);
  const random = randomBytes(32);
  const bundleSalt = randomBytes(saltBytes);
  const bundleIv = randomBytes(gcmIvBytes);
  const bundleKey = hkdf(shared, 32, { salt: bundleSalt, info: "link_code_pairing_key_bundle_encryption_key" });
  const identities = Buffer.concat([keys.signedIdentityKey.public, hello.identity, random]);
  const sealed = aesEncryptGCM(identities, bundleKey, bundleIv, Buffer.alloc(0));
  const identityShared = Curve.sharedKey(keys.signedIdentityKey.private, hello.identity);
  const secret = hkdf(Buffer.concat([shared, identityShared, random]), 32, { info: "adv_secret" });
  return {
    bundle: Buffer.concat([bundleSalt, bundleIv, sealed]),
    advSecret: Buffer.from(secret).toString("base64"),
  };
}
