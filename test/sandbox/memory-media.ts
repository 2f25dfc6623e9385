import type { MediaServer } from "#sandbox/content-codec.ts";

/** A media server that is only a map. */
export function memoryMedia(): MediaServer {
  const blobs = new Map<string, Uint8Array>();
  return {
    host: "mmg.whatsapp.net",
    url: "http://127.0.0.1:1",
    async put(bytes) {
      const pieces: Uint8Array[] = [];
      for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) pieces.push(piece);
      const directPath = `/v/${blobs.size}`;
      blobs.set(directPath, Buffer.concat(pieces));
      return { directPath, url: `https://mmg.whatsapp.net${directPath}` };
    },
    get: async (directPath) => blobs.get(directPath),
    clear: async () => blobs.clear(),
    [Symbol.asyncDispose]: async () => {},
  };
}
