import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { presignGet } from "#media/storage/presign.ts";
import { openS3Storage, type S3Options, type S3Storage } from "#media/storage/s3-storage.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { s3Credentials, type S3Server, startS3Server } from "../support/s3-server.ts";

const never = new AbortController().signal;
const options: S3Options = {
  bucket: "media",
  region: "us-east-1",
  pathStyle: true,
  credentials: s3Credentials,
  prefix: "wazapi/",
  connectMs: 1_000,
  idleMs: 10_000,
};
const clock = systemClock;

describe("presignGet", () => {
  test("the example of the AWS documentation", () => {
    const url = presignGet({
      protocol: "https:",
      host: "examplebucket.s3.amazonaws.com",
      path: "/test.txt",
      query: {},
      region: "us-east-1",
      credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
      now: Date.UTC(2013, 4, 24),
      expiresMs: 86_400_000,
    });
    expect(new URL(url).searchParams.get("X-Amz-Signature")).toBe(
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
  });

  test.each([
    [{}, "https://media.s3.sa-east-1.amazonaws.com/wazapi/ab/"],
    [{ pathStyle: true }, "https://s3.sa-east-1.amazonaws.com/media/wazapi/ab/"],
    [{ region: "cn-north-1" }, "https://media.s3.cn-north-1.amazonaws.com.cn/wazapi/ab/"],
    [
      { endpoint: "https://acc.r2.cloudflarestorage.com", region: "auto" },
      "https://media.acc.r2.cloudflarestorage.com/wazapi/ab/",
    ],
    [{ endpoint: "http://minio:9000", pathStyle: true, prefix: "" }, "http://minio:9000/media/ab/"],
  ])("an object is where the SDK says: %j", async (over, start) => {
    await using s3 = await openS3Storage({ clock }, { ...options, pathStyle: false, region: "sa-east-1", ...over });
    const look = { contentType: "image/png", disposition: "inline", expiresMs: 30 * 86_400_000 };
    const url = await s3.presign({ bucket: "media", sha256: "ab".repeat(32) }, look);
    expect(url.startsWith(start)).toBe(true);
    // S3 takes a week at most.
    expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("604800");
  });
});

describe("S3 storage over a real connection", () => {
  let server: S3Server;
  let proxy: FaultProxy;
  let s3: S3Storage;
  const closing: AsyncDisposable[] = [];
  const opened = async (over: Partial<S3Options> = {}): Promise<S3Storage> => {
    const storage = await openS3Storage({ clock }, { ...options, endpoint: `http://127.0.0.1:${proxy.port}`, ...over });
    closing.push(storage);
    return storage;
  };
  beforeAll(async () => {
    server = await startS3Server();
    proxy = await startFaultProxy(() => server.port);
    s3 = await opened();
  });
  afterAll(async () => {
    for (const one of closing) await one[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const content = (bytes = 1_000) => {
    const body = randomBytes(bytes);
    return { body, file: { sha256: createHash("sha256").update(body).digest("hex"), bytes, mimeType: "image/png" } };
  };
  const put = (storage: S3Storage, { body, file }: ReturnType<typeof content>, signal = never) =>
    storage.put(file, Readable.from([body.subarray(0, 400), body.subarray(400)]), signal);

  test("what was put is read, whole or in part, until it is removed", async () => {
    const one = content(3_000_000);
    await put(s3, one);
    const object = { bucket: "media", sha256: one.file.sha256 };
    expect((await buffer(await s3.read(object, undefined, never))).equals(one.body)).toBe(true);
    expect(await buffer(await s3.read(object, { start: 10, end: 19 }, never))).toEqual(one.body.subarray(10, 20));
    await s3.remove(object, never);
    await s3.remove(object, never);
    await expect(s3.read(object, undefined, never)).rejects.toMatchObject({ code: "not_found" });
    await s3.check(never);
  });

  test("the hash of the payload is signed", async () => {
    const one = content();
    await put(s3, one);
    expect(proxy.sent()).toContain(`x-amz-content-sha256: ${one.file.sha256}`);
    // Other bytes of the same length: the server finds out.
    const other = { ...content(), file: one.file };
    await expect(put(s3, other)).rejects.toMatchObject({
      code: "unavailable",
      details: { s3: "XAmzContentSHA256Mismatch" },
    });
  });

  test("a presigned URL opens the object without credentials, with the right look", async () => {
    const one = content();
    await put(s3, one);
    const disposition = `attachment; filename*=UTF-8''a%20b.png`;
    const look = { contentType: "image/x-test", disposition, expiresMs: 60_000 };
    const url = await s3.presign({ bucket: "media", sha256: one.file.sha256 }, look);
    const answer = await fetch(url);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(one.body);
    expect(answer.headers.get("content-type")).toBe("image/x-test");
    expect(answer.headers.get("content-disposition")).toBe(disposition);
    expect((await fetch(url.replace("image%2Fx-test", "text%2Fhtml"))).status).toBe(403);
  });

  test.each([
    ["a wrong secret", { credentials: { ...s3Credentials, secretAccessKey: "wrong" } }, /refuses the secret key/],
    [
      "an unknown key",
      { credentials: { accessKeyId: "nobody", secretAccessKey: "x" } },
      /does not know the access key/,
    ],
    ["a missing bucket", { bucket: "nothing-here" }, /bucket does not exist/],
    ["a host that does not exist", { endpoint: "http://nowhere.invalid" }, /host name is unknown/],
    ["no credentials at all", { credentials: { accessKeyId: "", secretAccessKey: "" } }, /bucket/],
    ["a port nobody listens on", { endpoint: "http://127.0.0.1:1" }, /nothing listens/],
  ])("%s: unavailable, with the reason", async (_, over, message) => {
    const storage = await opened(over);
    await expect(put(storage, content())).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ["that resets every connection", "reset", /connection to the bucket is lost/],
    ["that goes away in the middle of an upload", { cutAfter: 500_000 }, /connection to the bucket is lost/],
    ["that stands still", "stall", /did not answer in time/],
  ] as const)("a server %s: unavailable, and the object is not there", async (_, fault, message) => {
    const one = content(4_000_000);
    const impatient = await opened({ idleMs: 300 });
    proxy.set(fault);
    try {
      await expect(put(impatient, one)).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(message),
      });
    } finally {
      proxy.set("none");
    }
    await expect(s3.read({ bucket: "media", sha256: one.file.sha256 }, undefined, never)).rejects.toMatchObject({
      code: "not_found",
    });
    await put(s3, one);
  });

  test("a disk that fails while it is read ends the upload", async () => {
    const { file } = content(4_000_000);
    const source = Readable.from(
      (async function* () {
        yield randomBytes(100);
        throw new Error("the disk is broken");
      })(),
    );
    await expect(s3.put(file, source, never)).rejects.toThrow();
    await expect(s3.read({ bucket: "media", sha256: file.sha256 }, undefined, never)).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("an abort ends an upload that stands still, with the signal's reason", async () => {
    const controller = new AbortController();
    proxy.set("stall");
    try {
      const putting = put(s3, content(1_000_000), controller.signal);
      setImmediate(() => controller.abort(new Error("enough")));
      await expect(putting).rejects.toThrow("enough");
    } finally {
      proxy.set("none");
    }
  });
});
