import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  sign as nativeSign,
  verify,
  type KeyObject,
} from "node:crypto";
import { Curve, generateSignalPubKey, type KeyPair } from "@whiskeysockets/baileys";

/** A key pair that was derived from a seed and therefore signs fast. */
export interface DerivedKeyPair extends KeyPair {
  /** The Ed25519 private key with the same scalar. */
  readonly ed25519: KeyObject;
  /** 0x80 when the Ed25519 public key is negative, else 0. */
  readonly signBit: number;
}

/** The Curve25519 key pair that belongs to this seed and label; always the same one. */
export function deriveKeyPair(seed: Uint8Array, label: string): DerivedKeyPair {
  const edSeed = Buffer.from(hkdfSync("sha256", seed, new Uint8Array(0), label, 32));
  // Ed25519: the scalar is the first half of the seed's hash, clamped as Curve25519 clamps its private keys.
  const scalar = createHash("sha512").update(edSeed).digest().subarray(0, 32);
  scalar.writeUInt8(scalar.readUInt8(0) & 248, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 127) | 64, 31);
  const privateKey = privateKeyOf(x25519Head, scalar);
  const ed25519 = privateKeyOf(ed25519Head, edSeed);
  const signBit = publicBytes(ed25519).readUInt8(31) & 0x80;
  return { private: scalar, public: publicBytes(privateKey), ed25519, signBit };
}

/** DER in front of private keys (RFC 8410). */
const x25519Head = Buffer.from("302e020100300506032b656e04220420", "hex");
const ed25519Head = Buffer.from("302e020100300506032b657004220420", "hex");

function privateKeyOf(head: Buffer, key: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([head, key]), format: "der", type: "pkcs8" });
}

function publicBytes(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
}

/** Signs as Signal does (XEdDSA); the same key and message give the same signature. Slow for keys that were not derived. */
export function sign(key: KeyPair | DerivedKeyPair, message: Uint8Array): Uint8Array {
  if (!("ed25519" in key)) return Curve.sign(Buffer.from(key.private), Buffer.from(message));
  const signature = nativeSign(null, message, key.ed25519);
  // XEdDSA: the unused top bit of the signature is the sign of the key's Edwards form.
  signature.writeUInt8(signature.readUInt8(63) | key.signBit, 63);
  return signature;
}

/**
 * Whether the owner of this Curve25519 public key (32 bytes, or 33 with its type) made this XEdDSA signature. Malformed
 * keys and signatures verify nothing. Some fifty times as fast as libsignal's own check, with the same answer: every
 * member of a group verifies every message.
 */
export function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const key = Buffer.from(publicKey.length === 33 && publicKey[0] === 5 ? publicKey.subarray(1) : publicKey);
  if (key.length !== 32) return false;
  const plain = Buffer.from(signature);
  const last = plain.readUInt8(63);
  plain.writeUInt8(last & 0x7f, 63);
  const edwards = edwardsOf(key);
  edwards.writeUInt8(edwards.readUInt8(31) | (last & 0x80), 31);
  try {
    const ed25519 = createPublicKey({ key: Buffer.concat([spkiHead, edwards]), format: "der", type: "spki" });
    return verify(null, message, ed25519, plain);
  } catch {
    // A key that is no point of the curve signed nothing.
    return false;
  }
}

/** A public key as Signal writes it, with its type in front: 33 bytes. */
export function signalKey(publicKey: Uint8Array): Buffer {
  return Buffer.from(generateSignalPubKey(Buffer.from(publicKey)));
}

/** DER in front of an Ed25519 public key (RFC 8410). */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

const prime = 2n ** 255n - 19n;

/** The birational map between the two forms of the curve: y = (u - 1) / (u + 1). */
function edwardsOf(montgomery: Buffer): Buffer {
  const u = BigInt(`0x${Buffer.from(montgomery.toReversed()).toString("hex")}`) & (2n ** 255n - 1n);
  const y = modulo((u - 1n) * inverse(modulo(u + 1n)));
  return Buffer.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex").toReversed());
}

function modulo(value: bigint): bigint {
  const rest = value % prime;
  return rest < 0n ? rest + prime : rest;
}

/** By the extended Euclidean algorithm; 0 for 0. */
function inverse(value: bigint): bigint {
  let [divisor, rest] = [prime, value];
  let [before, factor] = [0n, 1n];
  while (rest > 0n) {
    const quotient = divisor / rest;
    [divisor, rest] = [rest, divisor - quotient * rest];
    [before, factor] = [factor, before - quotient * factor];
  }
  return modulo(before);
}
