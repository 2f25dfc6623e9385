import { createHash, hkdfSync } from "node:crypto";
import { aesDecryptGCM, aesEncryptGCM } from "@whiskeysockets/baileys";

/** The running state of one Noise handshake (the specification's SymmetricState, AES-256-GCM and SHA-256). */
export interface NoiseState {
  mixHash(data: Uint8Array): void;
  mixKey(secret: Uint8Array): void;
  /** Encrypts and mixes the ciphertext in. */
  seal(plain: Uint8Array): Uint8Array;
  /** Decrypts and mixes the ciphertext in. Throws when it was tampered with. */
  open(ciphertext: Uint8Array): Uint8Array;
  /** The keys of the time after the handshake: first the client's, then the server's. */
  split(): readonly [clientKey: Buffer, serverKey: Buffer];
}

/** WhatsApp protocol: a handshake begins with the name of its pattern and the connection's four intro bytes. */
export function createNoiseState(pattern: "XX" | "IK" | "XXfallback", intro: Uint8Array): NoiseState {
  const name = Buffer.from(`Noise_${pattern}_25519_AESGCM_SHA256`);
  // Noise: a name of up to 32 bytes is padded with zeros, a longer one is hashed.
  let hash = name.length <= 32 ? Buffer.concat([name, Buffer.alloc(32 - name.length)]) : sha256(name);
  let chain = hash;
  let key = hash;
  let counter = 0;
  const mixHash = (data: Uint8Array): void => {
    hash = sha256(Buffer.concat([hash, data]));
  };
  mixHash(intro);
  return {
    mixHash,
    mixKey(secret) {
      [chain, key] = expand(secret, chain);
      counter = 0;
    },
    seal(plain) {
      const sealed = aesEncryptGCM(plain, key, ivOf(counter++), hash);
      mixHash(sealed);
      return sealed;
    },
    open(ciphertext) {
      const plain = aesDecryptGCM(ciphertext, key, ivOf(counter++), hash);
      mixHash(ciphertext);
      return plain;
    },
    split: () => expand(new Uint8Array(0), chain),
  };
}

/** One direction of a connection after its handshake: the n-th message is sealed under the number n. */
export interface NoiseCipher {
  seal(plain: Uint8Array): Buffer;
  /** Throws when a message was tampered with, lost or repeated. */
  open(ciphertext: Uint8Array): Buffer;
}

/** The cipher of one direction, at its first message. */
export function createNoiseCipher(key: Uint8Array): NoiseCipher {
  const none = new Uint8Array(0);
  let counter = 0;
  return {
    seal: (plain) => aesEncryptGCM(plain, key, ivOf(counter++), none),
    open: (ciphertext) => aesDecryptGCM(ciphertext, key, ivOf(counter++), none),
  };
}

function expand(secret: Uint8Array, chain: Uint8Array): [Buffer, Buffer] {
  const bytes = Buffer.from(hkdfSync("sha256", secret, chain, new Uint8Array(0), 64));
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}

function ivOf(counter: number): Uint8Array {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}
