import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { SandboxError } from "../sandbox-error.ts";

/** A stream of bytes in pieces of any size. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** WhatsApp protocol: the word in "WhatsApp … Keys" that the media key of each kind is expanded with. */
const keyWords = {
  image: "Image",
  sticker: "Image",
  video: "Video",
  ptv: "Video",
  audio: "Audio",
  document: "Document",
  "md-msg-hist": "History",
  "md-app-state": "App State",
} as const satisfies Record<string, string>;

/** Kinds of media whose encryption is known here. */
export type MediaCipherKind = keyof typeof keyWords;

/** Hashes and length of an encrypted file, as media messages carry them. */
export interface EncryptedFacts {
  readonly fileSha256: Uint8Array;
  readonly fileEncSha256: Uint8Array;
  /** Bytes of the plain file. */
  readonly fileLength: number;
}

/** An encryption that runs while its `bytes` are read. */
export interface MediaEncryption {
  readonly mediaKey: Uint8Array;
  /** Ciphertext followed by its 10-byte MAC; can be read once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Throws when `bytes` has not been read to its end. */
  readonly facts: () => EncryptedFacts;
}

/** WhatsApp protocol: files end with the first ten bytes of their HMAC. */
const macBytes = 10;

/** Encrypts a file piece by piece; nothing is held beyond the piece at hand. */
export function encryptMedia(
  plain: Bytes,
  kind: MediaCipherKind,
  mediaKey: Uint8Array = randomBytes(32),
): MediaEncryption {
  let facts: EncryptedFacts | undefined;
  async function* run(): AsyncGenerator<Uint8Array> {
    const keys = expandMediaKey(mediaKey, kind);
    const cipher = createCipheriv("aes-256-cbc", keys.cipherKey, keys.iv);
    const mac = createHmac("sha256", keys.macKey).update(keys.iv);
    const plainHash = createHash("sha256");
    const encHash = createHash("sha256");
    let fileLength = 0;
    const seal = (bytes: Uint8Array): Uint8Array => {
      mac.update(bytes);
      encHash.update(bytes);
      return bytes;
    };
    for await (const piece of plain) {
      fileLength += piece.length;
      plainHash.update(piece);
      yield seal(cipher.update(piece));
    }
    yield seal(cipher.final());
    const tail = mac.digest().subarray(0, macBytes);
    encHash.update(tail);
    facts = { fileSha256: plainHash.digest(), fileEncSha256: encHash.digest(), fileLength };
    yield tail;
  }
  return {
    mediaKey,
    bytes: run(),
    facts: () => {
      if (facts === undefined) throw new Error("the encrypted bytes were not read to their end");
      return facts;
    },
  };
}

/**
 * Decrypts a file piece by piece. The MAC is checked when the last piece has arrived: a reader must not trust what it
 * got before the iteration ended. Throws `refused` for a wrong MAC, a wrong key or a damaged file.
 */
export async function* decryptMedia(
  encrypted: Bytes,
  kind: MediaCipherKind,
  mediaKey: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const keys = expandMediaKey(mediaKey, kind);
  const decipher = createDecipheriv("aes-256-cbc", keys.cipherKey, keys.iv);
  const mac = createHmac("sha256", keys.macKey).update(keys.iv);
  let held: Uint8Array = new Uint8Array(0);
  for await (const piece of encrypted) {
    const joined = held.length === 0 ? piece : Buffer.concat([held, piece]);
    const body = joined.subarray(0, Math.max(0, joined.length - macBytes));
    held = joined.subarray(body.length);
    if (body.length === 0) continue;
    mac.update(body);
    yield decipher.update(body);
  }
  if (!mac.digest().subarray(0, macBytes).equals(held)) {
    throw new SandboxError("refused", "the media file does not match its MAC");
  }
  let last: Uint8Array;
  try {
    last = decipher.final();
  } catch (cause) {
    throw new SandboxError("refused", "the media file does not end in a whole block", { cause });
  }
  yield last;
}

/** WhatsApp protocol: HKDF-SHA256 of the media key, 112 bytes, cut into iv, cipher key and MAC key. */
function expandMediaKey(mediaKey: Uint8Array, kind: MediaCipherKind) {
  const expanded = Buffer.from(hkdfSync("sha256", mediaKey, new Uint8Array(0), `WhatsApp ${keyWords[kind]} Keys`, 112));
  return { iv: expanded.subarray(0, 16), cipherKey: expanded.subarray(16, 48), macKey: expanded.subarray(48, 80) };
}
