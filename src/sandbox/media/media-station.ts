import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "#lib/log.ts";
import type { FaultRules } from "../fault.ts";
import type { MediaServer } from "../content-codec.ts";
import { openBlobStore, type BlobStoreOptions } from "./blob-store.ts";
import type { Bytes } from "./media-crypto.ts";
import { createMediaHandler } from "./media-handler.ts";

/** The media part of the sandbox, for whoever also streams from it or mounts it on a listener of their own. */
export interface MediaStation extends MediaServer {
  /** Like `put` of {@link MediaServer}, for files too large to hold. */
  put(source: Uint8Array | Bytes): Promise<{ readonly directPath: string; readonly url: string }>;
  /** The stored (encrypted) bytes, opened when they are read; no fault applies here. */
  open(directPath: string): { readonly size: number; readonly bytes: Bytes } | undefined;
  /** Answers uploads and downloads. Every other path gets a 404. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** Where the station lives. */
export interface MediaStationOptions extends BlobStoreOptions {
  /** Host that clients put into URLs; they reach it through a redirecting agent. Default `mmg.whatsapp.net`. */
  readonly host?: string;
  /** Plain HTTP base of the listener that calls `handle`. */
  readonly url: string;
}

/** Opens the blob store behind a station; closing the station removes what was not kept in a directory. */
export async function openMediaStation(
  deps: { readonly faults: FaultRules; readonly log: Log },
  options: MediaStationOptions,
): Promise<MediaStation> {
  const blobs = await openBlobStore(options);
  const host = options.host ?? "mmg.whatsapp.net";
  const put = async (source: Uint8Array | Bytes): Promise<{ directPath: string; url: string }> => {
    const name = `${randomBytes(16).toString("hex")}.enc`;
    await blobs.put(name, source instanceof Uint8Array ? [source] : source);
    const directPath = `${directory}${name}${query}`;
    return { directPath, url: `https://${host}${directPath}` };
  };
  const open: MediaStation["open"] = (directPath) => {
    const name = blobName(directPath);
    const size = name === undefined ? undefined : blobs.size(name);
    return name === undefined || size === undefined ? undefined : { size, bytes: lazily(() => blobs.read(name)) };
  };
  return {
    host,
    url: options.url,
    put,
    open,
    async get(directPath) {
      const found = open(directPath);
      return found === undefined ? undefined : collect(found.bytes);
    },
    clear: async () => blobs.clear(),
    handle: createMediaHandler({ ...deps, blobs, blobName, put }),
    [Symbol.asyncDispose]: async () => blobs[Symbol.asyncDispose](),
  };
}

/** WhatsApp protocol: direct paths are a path on the media host with a query that is part of the address. */
const directory = "/v/t62.7118-24/";
const query = "?ccb=11-4";

/** The blob behind a direct path, or nothing: names never become paths of this machine. */
function blobName(directPath: string): string | undefined {
  return /^\/v\/t62\.7118-24\/([0-9a-f]{32}\.enc)(?:\?|$)/.exec(directPath)?.[1];
}

/** Opens a file when its first byte is asked for, so that looking a file up leaves no handle behind. */
async function* lazily(read: () => Bytes | undefined): AsyncGenerator<Uint8Array> {
  yield* read() ?? [];
}

async function collect(source: Bytes): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
