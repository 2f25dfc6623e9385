import { Readable } from "node:stream";
import { errorTable, isWazapiError, WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { FilePlace, MediaRow, StoredFile } from "#store/media.ts";
import type { Contents } from "../storage/contents.ts";
import type { Arrivals } from "./arrivals.ts";
import { lookOf, parseMediaPath } from "./media-address.ts";
import { rangeOf } from "./range.ts";
import type { UrlSigner } from "./sign-url.ts";

/** What serving works with. */
export interface ServeMediaDeps {
  readonly arrivals: Arrivals;
  readonly contents: Contents;
  readonly signer: UrlSigner;
  /** Ends the waits for files that are not there yet. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
}

/** How files are served. */
export interface ServeMediaOptions {
  /** How long a GET waits for a file that is not there yet, milliseconds. */
  readonly waitMs: number;
  /** GETs that may wait at the same time; more are told to come again. */
  readonly maxWaiting: number;
  /** How long the address behind a redirect lives, milliseconds. */
  readonly redirectMs: number;
}

/** A wait, a few redirects: defaults of serving. */
export const defaultServeOptions: ServeMediaOptions = { waitMs: 20_000, maxWaiting: 200, redirectMs: 900_000 };

/** Answers a request to a signed address of a file; never rejects. */
export type ServeMedia = (request: Request) => Promise<Response>;

/** Serves files to whoever has a signed address: whole or in part, waiting for those that are on their way. */
export function createServeMedia(deps: ServeMediaDeps, options: ServeMediaOptions): ServeMedia {
  let waiting = 0;

  const arrived = async (mediaId: string, signal: AbortSignal): Promise<MediaRow | undefined> => {
    const isDone = (row: MediaRow): boolean => row.state === "stored" || row.state === "failed";
    const isFull = waiting >= options.maxWaiting;
    const deadline = isFull ? 0 : deps.clock.now() + options.waitMs;
    waiting += 1;
    try {
      return await deps.arrivals.wait({ mediaId, isDone, deadline }, signal);
    } finally {
      waiting -= 1;
    }
  };

  const answer = async (request: Request): Promise<Response> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new WazapiError("method_not_allowed", { details: { allow: "GET, HEAD" } });
    }
    const url = new URL(request.url);
    const named = parseMediaPath(url.pathname);
    if (named === undefined) throw new WazapiError("invalid_request", { message: "this is no address of a file" });
    checkSignature(deps, url);
    const row = await arrived(named.mediaId, AbortSignal.any([request.signal, deps.stopping]));
    if (row === undefined || row.instanceId !== named.instanceId) throw notThere("there is no such file (any more)");
    if (row.state === "failed") throw notThere(row.lastError ?? "the file cannot be had");
    if (row.file === undefined) {
      throw new WazapiError("unavailable", { message: "the file is not there yet", details: { retryAfterSeconds: 5 } });
    }
    if (!(await deps.contents.isHere(row.file.sha256))) {
      const look = { ...lookOf(row), expiresMs: options.redirectMs };
      const location = await deps.contents.presign(row.file, look);
      if (location !== undefined) return new Response(null, { status: 302, headers: { ...safe, location } });
    }
    return await serve(deps, { request, row, file: row.file });
  };

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (!isWazapiError(error)) deps.log.error({ error }, "file not served");
      return refusal(isWazapiError(error) ? error : new WazapiError("internal", { cause: error }));
    }
  };
}

/** A page that a file pretends to be can do nothing here. */
const safe = {
  "content-security-policy": "default-src 'none'; sandbox",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
} as const;

function checkSignature(deps: ServeMediaDeps, url: URL): void {
  const { searchParams: query } = url;
  // The second names are those of the older interface description.
  const expires = query.get("expires") ?? query.get("exp");
  const signature = query.get("signature") ?? query.get("sig");
  if (expires === null || signature === null) {
    throw new WazapiError("invalid_request", { message: "expires and signature are missing" });
  }
  const verdict = deps.signer.verify({ path: url.pathname, expires, signature }, deps.clock.now());
  if (verdict === "bad") throw new WazapiError("forbidden", { message: "the signature is wrong" });
  if (verdict === "expired") throw new WazapiError("link_expired");
}

interface Serving {
  readonly request: Request;
  readonly row: MediaRow;
  readonly file: StoredFile & FilePlace;
}

async function serve(deps: ServeMediaDeps, { request, row, file }: Serving): Promise<Response> {
  const { contentType, disposition } = lookOf(row);
  const etag = `"${file.sha256}"`;
  const headers: Record<string, string> = {
    ...safe,
    // The content of an address never changes; it is its owner's alone.
    "cache-control": "private, max-age=86400, immutable",
    "accept-ranges": "bytes",
    "content-type": contentType,
    "content-disposition": disposition,
    etag,
  };
  if (request.headers.get("if-none-match")?.includes(etag) === true)
    return new Response(null, { status: 304, headers });
  const condition = request.headers.get("if-range");
  const range =
    condition === null || condition === etag ? rangeOf(request.headers.get("range"), file.bytes) : undefined;
  if (range === "unsatisfiable") {
    headers["content-range"] = `bytes */${file.bytes}`;
    return new Response(null, { status: 416, headers });
  }
  if (range !== undefined) headers["content-range"] = `bytes ${range.start}-${range.end}/${file.bytes}`;
  headers["content-length"] = String(range === undefined ? file.bytes : range.end - range.start + 1);
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  const bytes = await deps.contents.read(file, range, request.signal);
  // Node types its own web streams apart from those its Response takes.
  const body = Readable.toWeb(bytes) as ReadableStream<Uint8Array>;
  return new Response(body, { status, headers });
}

function notThere(message: string): WazapiError {
  return new WazapiError("not_found", { message });
}

function refusal(error: WazapiError): Response {
  const { retryAfterSeconds, allow } = error.details;
  return Response.json(
    { error: error.message, code: error.code },
    {
      status: errorTable[error.code].status,
      headers: {
        ...safe,
        ...(typeof retryAfterSeconds === "number" ? { "retry-after": String(retryAfterSeconds) } : {}),
        ...(typeof allow === "string" ? { allow } : {}),
      },
    },
  );
}
