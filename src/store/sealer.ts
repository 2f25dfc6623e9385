import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";
import { WazapiError } from "#domain/errors.ts";
import type { Sealer } from "./store.ts";

const algorithm = "aes-256-gcm";
/** First byte of everything sealed; another layout gets another number. */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
/** Nonces are drawn many at a time: one call into the random source costs as much as sealing a kilobyte. */
const nonceBatch = 256;

/**
 * Seals with AES-256-GCM under a random nonce: `version (1) · nonce (12) · ciphertext · tag (16)`. The key has 32
 * bytes. `open` throws `storage` for another key, a changed byte or another layout.
 */
export function createSealer(key: Buffer): Sealer {
  if (key.length !== 32) throw new WazapiError("invalid_config", { message: "the secret key must have 32 bytes" });
  const nonces = Buffer.alloc(nonceBytes * nonceBatch);
  let used = nonceBatch;

  const nextNonce = (): Buffer => {
    if (used === nonceBatch) {
      randomFillSync(nonces);
      used = 0;
    }
    const start = used * nonceBytes;
    used += 1;
    return nonces.subarray(start, start + nonceBytes);
  };

  return {
    seal: (plain) => {
      const nonce = nextNonce();
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      const sealed = Buffer.allocUnsafe(1 + nonceBytes + plain.length + tagBytes);
      sealed[0] = version;
      nonce.copy(sealed, 1);
      cipher.update(plain).copy(sealed, 1 + nonceBytes);
      cipher.final();
      cipher.getAuthTag().copy(sealed, sealed.length - tagBytes);
      return sealed;
    },
    open: (sealed) => {
      if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) {
        throw new WazapiError("storage", { message: "a sealed value has a form this version does not know" });
      }
      const end = sealed.length - tagBytes;
      try {
        const decipher = createDecipheriv(algorithm, key, sealed.subarray(1, 1 + nonceBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAuthTag(sealed.subarray(end));
        const plain = decipher.update(sealed.subarray(1 + nonceBytes, end));
        decipher.final();
        return plain;
      } catch (cause) {
        throw new WazapiError("storage", {
          message: "a sealed value cannot be opened: the secret key is not the one that sealed it",
          details: { hint: "give the right WAZAPI_SECRET_KEY, or put the secrets.json of this data back" },
          cause,
        });
      }
    },
  };
}
