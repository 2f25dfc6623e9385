import { tooLarge } from "../storage/local-storage.ts";
import type { Remote } from "./remote.ts";

/** Fetches a small file into memory: pictures of profiles and link previews. */
export interface RemoteBytes {
  /** Throws `forbidden_address`, `media_rejected`, `payload_too_large`. */
  readonly fetch: (url: string, limit: { readonly maxBytes: number }, signal: AbortSignal) => Promise<Uint8Array>;
}

/** The same guarded client for whoever wants all bytes at once. */
export function createRemoteBytes(remote: Remote): RemoteBytes {
  return {
    fetch: async (url, { maxBytes }, signal) => {
      await using answer = await remote.open({ url, maxBytes }, signal);
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of answer.bytes) {
        bytes += piece.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
  };
}
