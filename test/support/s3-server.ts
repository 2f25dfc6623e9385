import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { verifyRequest } from "./s3-signature.ts";

/**
 * A small strict S3 server with one bucket `media`, path style. It verifies every signature, the length and the hash of
 * what is put, and shows an object only when all of it came: what the servers on npm leave out.
 */
export interface S3Server extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Keys that are there now. */
  readonly keys: () => readonly string[];
  /** Stops answering; connections are cut. The objects stay. */
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  /** Whether the bucket exists. */
  readonly setBucket: (exists: boolean) => void;
  /** Requests that were let in, as `PUT key`. */
  readonly requests: readonly string[];
}

/** The only credentials it knows. */
export const s3Credentials = { accessKeyId: "TESTKEY", secretAccessKey: "test/secret+key" };

interface StoredObject {
  readonly path: string;
  readonly bytes: number;
  readonly contentType: string;
}

/** Starts a server with an empty bucket. */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "wazapi-s3-test-"));
  const objects = new Map<string, StoredObject>();
  const requests: string[] = [];
  let hasBucket = true;
  let count = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const verdict = verifyRequest(request, { [s3Credentials.accessKeyId]: s3Credentials.secretAccessKey }, Date.now());
    if (verdict.kind === "bad") return refuse(response, 403, verdict.code);
    const url = new URL(request.url ?? "/", "http://s3");
    const [bucket = "", ...rest] = url.pathname.slice(1).split("/");
    const key = decodeURIComponent(rest.join("/"));
    if (bucket !== "media" || !hasBucket) return refuse(response, 404, "NoSuchBucket");
    requests.push(`${request.method} ${key}`);
    if (key === "") return void response.writeHead(200).end();
    if (request.method === "PUT") {
      const path = join(directory, String((count += 1)));
      const problem = await receive(request, path, verdict.payload);
      if (problem !== undefined) return refuse(response, 400, problem);
      await rename(`${path}.part`, path);
      const bytes = Number(request.headers["content-length"]);
      objects.set(key, { path, bytes, contentType: request.headers["content-type"] ?? "binary/octet-stream" });
      return void response.writeHead(200, { etag: `"${count}"` }).end();
    }
    if (request.method === "DELETE") {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    const object = objects.get(key);
    if (object === undefined) return refuse(response, 404, "NoSuchKey");
    await send({ request, response, url }, object);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    keys: () => [...objects.keys()],
    requests,
    setBucket: (exists) => {
      hasBucket = exists;
    },
    down: close,
    up: () => listen(port),
    [Symbol.asyncDispose]: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Writes the body; answers the code of what is wrong with it. */
async function receive(
  request: IncomingMessage,
  path: string,
  payload: string | undefined,
): Promise<string | undefined> {
  const declared = request.headers["content-length"];
  if (declared === undefined) return "MissingContentLength";
  const hash = createHash("sha256");
  let bytes = 0;
  await using file = await open(`${path}.part`, "w");
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    hash.update(piece);
    await file.writeFile(piece);
  }
  if (bytes !== Number(declared)) return "IncompleteBody";
  return payload === undefined || hash.digest("hex") === payload ? undefined : "XAmzContentSHA256Mismatch";
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

async function send({ request, response, url }: Exchange, object: StoredObject): Promise<void> {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const [start, end] =
    range === null ? [0, object.bytes - 1] : [Number(range[1]), Math.min(Number(range[2]), object.bytes - 1)];
  const disposition = url.searchParams.get("response-content-disposition");
  response.writeHead(range === null ? 200 : 206, {
    "content-type": url.searchParams.get("response-content-type") ?? object.contentType,
    "content-length": end - start + 1,
    ...(disposition === null ? {} : { "content-disposition": disposition }),
    ...(range === null ? {} : { "content-range": `bytes ${start}-${end}/${object.bytes}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(createReadStream(object.path, { start, end }), response);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  // The rest of a large body is not read.
  response.writeHead(status, { "content-type": "application/xml", connection: "close" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
