import { createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import { Curve, generateSignalPubKey, type KeyPair } from "@whiskeysockets/baileys";
import { verifySignature } from "libsignal/src/curve.js";

/** The Curve25519 key pair that belongs to this seed and label; always the same one. */
export function deriveKeyPair(seed: Uint8Array, label: string): KeyPair {
  const privateKey = Buffer.from(hkdfSync("sha256", seed, new Uint8Array(0), label, 32));
  // Curve25519: a private key has its three lowest bits and its highest bit clear, the second highest set.
  privateKey.writeUInt8(privateKey.readUInt8(0) & 248, 0);
  privateKey.writeUInt8((privateKey.readUInt8(31) & 127) | 64, 31);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, privateKey]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { private: privateKey, public: spki.subarray(-32) };
}

/** DER in front of an X25519 private key (RFC 8410). */
const pkcs8Head = Buffer.from("302e020100300506032b656e04220420", "hex");

/** Signs as Signal does (XEdDSA); always the same signature for the same key and message. */
export function sign(key: KeyPair, message: Uint8Array): Uint8Array {
  return Curve.sign(Buffer.from(key.private), Buffer.from(message));
}

/** Whether the owner of this public key (32 or 33 bytes) signed the message. Malformed keys and signatures did not. */
export function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || (publicKey.length !== 32 && publicKey.length !== 33)) return false;
  try {
    // Baileys' own Curve.verify forgets this boolean and accepts everything.
    return verifySignature(signalKey(publicKey), Buffer.from(message), Buffer.from(signature));
  } catch {
    // A key that is no point of the curve signed nothing.
    return false;
  }
}

/** A public key as Signal writes it, with its type in front: 33 bytes. */
export function signalKey(publicKey: Uint8Array): Buffer {
  return Buffer.from(generateSignalPubKey(Buffer.from(publicKey)));
}
