import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";

/** What a media key was expanded to. */
export interface MediaKeys {
  readonly iv: Uint8Array;
  readonly cipherKey: Uint8Array;
  readonly macKey: Uint8Array;
}

/** WhatsApp protocol: encrypted files end with the first ten bytes of their HMAC-SHA256 over IV and ciphertext. */
const macBytes = 10;

/**
 * The plain bytes of an encrypted file, piece by piece. The MAC stands at the end: nothing of it may be used before the
 * iteration has ended without an error. Throws when the file is damaged, cut short, or the key is another one's.
 */
export async function* decryptedMedia(
  encrypted: AsyncIterable<Uint8Array>,
  keys: MediaKeys,
): AsyncGenerator<Uint8Array> {
  const decipher = createDecipheriv("aes-256-cbc", keys.cipherKey, keys.iv);
  const mac = createHmac("sha256", keys.macKey).update(keys.iv);
  let tail: Uint8Array = new Uint8Array(0);
  for await (const piece of encrypted) {
    const known = tail.length === 0 ? piece : Buffer.concat([tail, piece]);
    const body = known.subarray(0, Math.max(0, known.length - macBytes));
    tail = known.subarray(body.length);
    if (body.length === 0) continue;
    mac.update(body);
    yield decipher.update(body);
  }
  const expected = mac.digest().subarray(0, macBytes);
  if (tail.length !== macBytes || !timingSafeEqual(expected, tail)) throw new Error("the file came damaged");
  yield decipher.final();
}
