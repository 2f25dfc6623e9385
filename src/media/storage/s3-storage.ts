import { Readable } from "node:stream";
import type { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { StoredFile } from "#store/media.ts";
import type { ByteRange } from "./local-storage.ts";
import { presignGet } from "./presign.ts";
import { s3Error } from "./s3-errors.ts";

/** Where the bucket is. */
export interface S3Options {
  readonly bucket: string;
  /** Base of an S3 server that is not AWS (`https://minio.example`). */
  readonly endpoint?: string;
  readonly region: string;
  /** The bucket in the path and not in the host name, as most servers beside AWS want it. */
  readonly pathStyle: boolean;
  /** Absent: the default chain of AWS (environment, files, roles). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Stands before every key; empty or ending in `/`. */
  readonly prefix: string;
  readonly connectMs: number;
  /** A connection without traffic for so long is given up, milliseconds. */
  readonly idleMs: number;
}

/** An object: a content in a bucket. */
export interface S3Object {
  readonly bucket: string;
  readonly sha256: string;
}

/** What a presigned answer is to look like. */
export interface PresignedLook {
  readonly contentType: string;
  readonly disposition: string;
  readonly expiresMs: number;
}

/** Contents in a bucket, under keys made of their hash. Every failure is `unavailable` with its reason, or `not_found`. */
export interface S3Storage extends AsyncDisposable {
  readonly bucket: string;
  /** Stores a content whose hash is known; S3 compares it. The object is there as a whole or not at all. */
  readonly put: (file: StoredFile, bytes: Readable, signal: AbortSignal) => Promise<void>;
  readonly read: (object: S3Object, range: ByteRange | undefined, signal: AbortSignal) => Promise<Readable>;
  /** Also when it is gone already. */
  readonly remove: (object: S3Object, signal: AbortSignal) => Promise<void>;
  /** A URL that anybody may GET until it expires; makes no request. */
  readonly presign: (object: S3Object, look: PresignedLook) => Promise<string>;
  /** Whether the bucket can be used; throws with the reason. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** Opens the client; the SDK is loaded only now. No request is made. Whoever opens it closes it. */
export async function openS3Storage(deps: { readonly clock: Clock }, options: S3Options): Promise<S3Storage> {
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client({
    region: options.region,
    forcePathStyle: options.pathStyle,
    // The caller tries again with a new stream; the SDK cannot.
    maxAttempts: 1,
    // Other servers do not know the newer checksums; the hash of the payload is signed instead.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: options.connectMs, socketTimeout: options.idleMs },
    logger: silent,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  const keyOf = (sha256: string): string => `${options.prefix}${sha256.slice(0, 2)}/${sha256}`;
  const bases = new Map<string, Promise<ObjectBase>>();
  const baseOf = (bucket: string): Promise<ObjectBase> => {
    const known = bases.get(bucket) ?? objectBase(client, new sdk.GetObjectCommand({ Bucket: bucket, Key: "k" }));
    bases.set(bucket, known);
    return known;
  };
  const asking = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error);
    }
  };

  return {
    bucket: options.bucket,
    put: async (file, bytes, signal) => {
      const command = new sdk.PutObjectCommand({
        Bucket: options.bucket,
        Key: keyOf(file.sha256),
        Body: bytes,
        ContentLength: file.bytes,
        ContentType: file.mimeType,
      });
      // Signs the hash of the whole payload, which is known before the first byte goes: S3 refuses anything else.
      command.middlewareStack.add(
        (next) => (args) => {
          Object.assign(headersIn(args.request), { "x-amz-content-sha256": file.sha256 });
          return next(args);
        },
        { step: "build", name: "payloadHash" },
      );
      // A disk that fails while it is read must end the request: the SDK would wait for the rest for ever.
      const broken = new AbortController();
      bytes.once("error", (error) => broken.abort(error));
      try {
        await asking(client.send(command, { abortSignal: AbortSignal.any([signal, broken.signal]) }), signal);
      } finally {
        bytes.destroy();
      }
    },
    read: async ({ bucket, sha256 }, range, signal) => {
      const command = new sdk.GetObjectCommand({
        Bucket: bucket,
        Key: keyOf(sha256),
        ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
      });
      const { Body: body } = await asking(client.send(command, { abortSignal: signal }), signal);
      if (!(body instanceof Readable)) throw new WazapiError("unavailable", { message: "the bucket sent no body" });
      return body;
    },
    remove: async ({ bucket, sha256 }, signal) => {
      const command = new sdk.DeleteObjectCommand({ Bucket: bucket, Key: keyOf(sha256) });
      await asking(client.send(command, { abortSignal: signal }), signal);
    },
    presign: async ({ bucket, sha256 }, { contentType, disposition, expiresMs }) => {
      try {
        const { path, ...base } = await baseOf(bucket);
        return presignGet({
          ...base,
          path: path.replace(/k$/, keyOf(sha256).split("/").map(encodeURIComponent).join("/")),
          query: { "response-content-type": contentType, "response-content-disposition": disposition },
          region: await client.config.region(),
          credentials: await client.config.credentials(),
          now: deps.clock.now(),
          expiresMs,
        });
      } catch (error) {
        bases.delete(bucket);
        throw s3Error(error);
      }
    },
    check: async (signal) => {
      await asking(client.send(new sdk.HeadBucketCommand({ Bucket: options.bucket }), { abortSignal: signal }), signal);
    },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

/** Address of the object `k`. */
interface ObjectBase {
  readonly protocol: string;
  readonly host: string;
  readonly path: string;
}

/** Asks the SDK where an object is, partitions, styles and endpoints considered; the request itself is not sent. */
async function objectBase(client: S3Client, command: GetObjectCommand): Promise<ObjectBase> {
  const { promise, resolve, reject } = Promise.withResolvers<ObjectBase>();
  command.middlewareStack.add(
    () => async (args) => {
      resolve(baseIn(args.request));
      throw new Error("not sent on purpose");
    },
    { step: "build", priority: "low", name: "capture" },
  );
  // After the capture a rejection changes nothing.
  client.send(command).catch(reject);
  return promise;
}

function headersIn(request: unknown): object {
  const headers = typeof request === "object" && request !== null && "headers" in request ? request.headers : undefined;
  if (typeof headers !== "object" || headers === null) throw new Error("the SDK built no HTTP request");
  return headers;
}

function baseIn(request: unknown): ObjectBase {
  if (
    typeof request !== "object" ||
    request === null ||
    !("hostname" in request && "path" in request && "protocol" in request)
  ) {
    throw new Error("the SDK built no HTTP request");
  }
  const port = "port" in request && typeof request.port === "number" ? `:${request.port}` : "";
  return { protocol: String(request.protocol), host: `${String(request.hostname)}${port}`, path: String(request.path) };
}

const silent = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
