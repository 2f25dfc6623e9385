import type { MediaServer } from "../content-codec.ts";
import { encryptMedia, type EncryptedFacts, type MediaCipherKind } from "../media/media-crypto.ts";

/** A file on the media server and what a client needs to read it. */
export interface EncryptedFile extends EncryptedFacts {
  readonly mediaKey: Uint8Array;
  readonly directPath: string;
}

/** Encrypts bytes as media of this kind and puts them on the media server. */
export async function putEncrypted(
  media: MediaServer,
  bytes: Uint8Array,
  kind: MediaCipherKind,
): Promise<EncryptedFile> {
  const encryption = encryptMedia([bytes], kind);
  const { directPath } = await media.put(encryption.bytes);
  return { mediaKey: encryption.mediaKey, directPath, ...encryption.facts() };
}
