import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "#lib/log.ts";
import type { FaultRules } from "../fault.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { BlobStore, ByteRange } from "./blob-store.ts";
import type { Bytes } from "./media-crypto.ts";

/** What answering needs of the station. */
export interface MediaHandlerDeps {
  readonly faults: FaultRules;
  readonly log: Log;
  readonly blobs: BlobStore;
  /** Name of the blob behind a path, if the path is one of a blob. */
  readonly blobName: (path: string) => string | undefined;
  readonly put: (source: Bytes) => Promise<{ readonly directPath: string; readonly url: string }>;
}

/**
 * Answers WhatsApp's media routes: POST of encrypted bytes, GET with ranges. An upload whose bytes do not have the hash
 * that its path names is refused with a 415, as the real one does with files damaged on the way.
 */
export function createMediaHandler(deps: MediaHandlerDeps) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(deps, request, response).catch((error: unknown) => {
      // The client went away or the disk failed: there is nobody left to tell but the log.
      deps.log.warn({ error, method: request.method }, "media request failed");
      if (response.headersSent) response.destroy();
      else json(response, error instanceof SandboxError ? error.status : 500, { error: "media request failed" });
    });
  };
}

async function answer(deps: MediaHandlerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = new URL(request.url ?? "/", "http://media");
  if (request.method === "POST") return upload(deps, request, { response, target });
  if (request.method === "GET" || request.method === "HEAD") return download(deps, request, { response, target });
  request.resume();
  json(response, 405, { error: `${request.method} is not possible here` });
}

/** WhatsApp protocol: uploads go to /mms/KIND/HASH; catalogue images and cover photos have places of their own. */
const uploadPath = /^\/(?:mms|product|pps|newsletter)\/[\w-]+\/([^/]+)$/;

/**
 * As long as the shortest way through a network: an answer that overtakes the end of the client's file makes Baileys
 * leave the file open for good.
 */
const answerAfterMs = 10;

interface Exchange {
  readonly response: ServerResponse;
  readonly target: URL;
}

async function upload(deps: MediaHandlerDeps, request: IncomingMessage, exchange: Exchange): Promise<void> {
  const { response, target } = exchange;
  const token = uploadPath.exec(target.pathname)?.[1];
  if (token === undefined) {
    request.resume();
    return json(response, 404, { error: "not found" });
  }
  const number = numberOfAuth(target.searchParams.get("auth"));
  const fault = deps.faults.match("upload-fail", number === undefined ? {} : { number });
  if (fault !== undefined) {
    await finished(request.resume());
    await wait(answerAfterMs);
    return json(response, fault.code ?? 500, { error: "upload failed" });
  }
  const hash = createHash("sha256");
  const stored = await deps.put(tap(request, (piece) => hash.update(piece)));
  const digest = hash.digest();
  await wait(answerAfterMs);
  const named = Buffer.from(decodeURIComponent(token), "base64url");
  if (named.length === digest.length && !named.equals(digest)) {
    const name = deps.blobName(stored.directPath);
    if (name !== undefined) await deps.blobs.delete(name);
    return json(response, 415, { error: "the bytes do not have the hash that the path names" });
  }
  json(response, 200, { url: stored.url, direct_path: stored.directPath, handle: digest.toString("base64") });
}

async function download(deps: MediaHandlerDeps, request: IncomingMessage, exchange: Exchange): Promise<void> {
  const { response, target } = exchange;
  const name = deps.blobName(target.pathname);
  const size = name === undefined ? undefined : deps.blobs.size(name);
  if (name === undefined || size === undefined) return json(response, 404, { error: "not found" });
  const fault = deps.faults.match("download-fail", {});
  if (fault !== undefined) return json(response, fault.code ?? 404, { error: "download failed" });
  const range = rangeOf(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${size}`);
    return json(response, 416, { error: "no such range" });
  }
  response.statusCode = range === undefined ? 200 : 206;
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("content-length", range === undefined ? size : range.end - range.start + 1);
  if (range !== undefined) response.setHeader("content-range", `bytes ${range.start}-${range.end}/${size}`);
  const bytes = request.method === "HEAD" ? [] : (deps.blobs.read(name, range) ?? []);
  const damage = request.method === "HEAD" ? undefined : deps.faults.match("download-damage", {});
  await pipeline(Readable.from(damage === undefined ? bytes : damaged(bytes), { objectMode: false }), response);
}

/** The same length, and one wrong bit in every piece. */
async function* damaged(bytes: Bytes): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    const copy = Uint8Array.from(piece);
    copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
    yield copy;
  }
}

/** One `bytes=` range, cut to the size; a header of another form counts as none. */
function rangeOf(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = found ?? [];
  if (found === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start >= size || start > end ? "unsatisfiable" : { start, end };
}

/** The number in the token that `media_conn` gave out (`NUMBER.RANDOM`), so that a fault can hit one account. */
function numberOfAuth(auth: string | null): string | undefined {
  return /^(\d{5,20})\./.exec(auth ?? "")?.[1];
}

async function* tap(source: AsyncIterable<Uint8Array>, see: (piece: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    see(piece);
    yield piece;
  }
}

function json(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
