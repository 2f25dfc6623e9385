import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createArrivals } from "#media/links/arrivals.ts";
import { createContents } from "#media/storage/contents.ts";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import { openS3Storage, type S3Options, type S3Storage } from "#media/storage/s3-storage.ts";
import { defaultMediaRetentionOptions, runMediaRetention } from "#media/work/retention.ts";
import { defaultUploadOptions, startUploads } from "#media/work/upload.ts";
import { systemClock } from "#lib/clock.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { s3Credentials, type S3Server, startS3Server } from "../support/s3-server.ts";
import { openTestStores, type TestStores } from "./stores.ts";
import { openTempDir } from "./temp-dir.ts";

const never = new AbortController().signal;
let server: S3Server;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(() => server.port);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

let stores: TestStores;
let dir: Awaited<ReturnType<typeof openTempDir>>;
let local: LocalStorage;
let time: FakeTime;
let s3: S3Storage;
let open: AsyncDisposable[];
beforeEach(async () => {
  open = [];
  time = createFakeTime(systemClock.now());
  dir = await openTempDir();
  stores = await openTestStores();
  local = await openLocalStorage({ clock: time.clock }, dir.path);
  s3 = await bucket();
});
afterEach(async () => {
  proxy.set("none");
  server.setBucket(true);
  for (const one of open.toReversed()) await one[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function bucket(over: Partial<S3Options> = {}): Promise<S3Storage> {
  const options = { bucket: "media", region: "us-east-1", pathStyle: true, credentials: s3Credentials, prefix: "" };
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  // The machine's clock: signatures are checked against it.
  const storage = await openS3Storage(
    { clock: systemClock },
    { ...options, endpoint, connectMs: 1_000, idleMs: 300, ...over },
  );
  open.push(storage);
  return storage;
}

/** A file on the disk, with the row of a message that expires in a day. */
async function keep(bytes: Buffer, expiresInMs = 86_400_000) {
  await using staged = await local.stage(
    (async function* () {
      yield bytes;
    })(),
    { maxBytes: 100_000_000 },
  );
  await staged.commit();
  const mediaId = randomBytes(16).toString("hex");
  const now = time.clock.now();
  const file = { sha256: staged.sha256, bytes: staged.bytes, mimeType: "image/png" };
  await stores.media.keep({
    media: {
      mediaId,
      instanceId: "I",
      part: "main",
      kind: "image",
      mimeType: "image/png",
      expiresAt: now + expiresInMs,
    },
    file,
    volume: local.volume,
    upload: true,
    now,
  });
  return { mediaId, ...file, body: bytes };
}

const work = (storage: S3Storage = s3) => {
  const { clock, sleep } = time;
  const arrivals = createArrivals({ media: stores.media, clock, sleep });
  const deps = { files: stores.files, local, s3: storage, arrivals, clock, sleep, log: silentLog };
  const loop = startUploads(deps, { ...defaultUploadOptions, owner: "me" }, never);
  open.push(loop);
  return loop;
};
const placeOf = async (mediaId: string) => (await stores.media.get({ mediaId }))!.file!;
const uploaded = (mediaId: string) => time.until(async () => (await placeOf(mediaId)).storage === "s3");
const retain = (storage: S3Storage | null = s3) =>
  runMediaRetention(
    {
      media: stores.media,
      files: stores.files,
      local,
      s3: storage ?? undefined,
      clock: time.clock,
      // Its pauses are for others.
      sleep: async () => {},
      log: silentLog,
    },
    { ...defaultMediaRetentionOptions, owner: "me", stepRows: 2 },
    never,
  );
const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("uploads", () => {
  test("contents go into the bucket and are read from there when the disk has them no more", async () => {
    const one = await keep(randomBytes(3_000_000));
    work();
    await uploaded(one.mediaId);
    expect(server.keys()).toContain(`${one.sha256.slice(0, 2)}/${one.sha256}`);
    const contents = createContents({ local, s3 });
    expect(await contents.isHere(one.sha256)).toBe(true);
    await local.remove(one.sha256, Number.MAX_SAFE_INTEGER);
    const file = await placeOf(one.mediaId);
    expect((await buffer(await contents.read(file, undefined, never))).equals(one.body)).toBe(true);
    expect(await buffer(await contents.read(file, { start: 1, end: 3 }, never))).toEqual(one.body.subarray(1, 4));
    await expect(createContents({ local, s3: undefined }).read(file, undefined, never)).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  test.each([
    ["the server is gone", () => proxy.set("reset"), () => proxy.set("none")],
    ["the server stands still", () => proxy.set("stall"), () => proxy.set("none")],
    ["the server goes away in the middle", () => proxy.set({ cutAfter: 100_000 }), () => proxy.set("none")],
    ["the bucket is missing", () => server.setBucket(false), () => server.setBucket(true)],
  ])("%s: the file stays on the disk and is uploaded later", async (_, begin, end) => {
    const one = await keep(randomBytes(1_000_000));
    begin();
    work();
    const lastError = () =>
      (
        stores.db.prepare("SELECT last_error FROM media_files WHERE sha256 = ?").get(one.sha256) as {
          last_error: string | null;
        }
      ).last_error;
    await time.until(() => lastError() !== null);
    expect(lastError()).toMatch(/bucket/);
    expect(await placeOf(one.mediaId)).toMatchObject({ storage: "local", volume: local.volume });
    const contents = createContents({ local, s3 });
    expect((await buffer(await contents.read(await placeOf(one.mediaId), undefined, never))).equals(one.body)).toBe(
      true,
    );
    end();
    await uploaded(one.mediaId);
    const object = await s3.read({ bucket: "media", sha256: one.sha256 }, undefined, never);
    expect((await buffer(object)).equals(one.body)).toBe(true);
  });

  test("wrong credentials: nothing is lost, and the right ones find the work", async () => {
    const one = await keep(randomBytes(1_000));
    const wrong = work(await bucket({ credentials: { ...s3Credentials, secretAccessKey: "wrong" } }));
    await time.until(async () => ((await stores.files.nextUploadAt({ volume: local.volume })) ?? 0) > time.clock.now());
    await wrong[Symbol.asyncDispose]();
    expect(await placeOf(one.mediaId)).toMatchObject({ storage: "local" });
    work();
    await uploaded(one.mediaId);
  });

  test("a disk that changed the bytes does not fill the bucket with them", async () => {
    const one = await keep(randomBytes(2_000));
    await writeFile(local.pathOf(one.sha256), randomBytes(2_000));
    work();
    await time.until(async () => ((await stores.files.nextUploadAt({ volume: local.volume })) ?? 0) > time.clock.now());
    expect(server.keys()).not.toContain(`${one.sha256.slice(0, 2)}/${one.sha256}`);
  });
});

describe("retention", () => {
  const hourMs = 3_600_000;

  test("an expired row takes its content along: the object, the copy on the disk, the row", async () => {
    const one = await keep(randomBytes(10), hourMs);
    const other = await keep(randomBytes(11), 100 * hourMs);
    work();
    await uploaded(one.mediaId);
    await uploaded(other.mediaId);
    expect(await retain()).toEqual({ rows: 0, contents: 0, orphans: 0, leftovers: 0 });
    time.advance(2 * hourMs);
    // The copy of what is in the bucket goes from the disk.
    expect(await retain()).toEqual({ rows: 1, contents: 1, orphans: 1, leftovers: 0 });
    expect(server.keys()).not.toContain(`${one.sha256.slice(0, 2)}/${one.sha256}`);
    expect(server.keys()).toContain(`${other.sha256.slice(0, 2)}/${other.sha256}`);
    expect(await local.size(one.sha256)).toBeUndefined();
    expect(await local.size(other.sha256)).toBeUndefined();
    expect((await stores.files.stats()).files).toBe(1);
  });

  test("a content that another row names stays", async () => {
    const bytes = randomBytes(10);
    await keep(bytes, hourMs);
    const other = await keep(bytes, 100 * hourMs);
    time.advance(2 * hourMs);
    expect(await retain(null)).toMatchObject({ rows: 1, contents: 0, orphans: 0 });
    expect(await local.size(other.sha256)).toBe(10);
  });

  test("files that no row names go, but not those that came a moment ago", async () => {
    const stage = async (bytes: Buffer): Promise<void> => {
      await using staged = await local.stage(
        (async function* () {
          yield bytes;
        })(),
        { maxBytes: 100 },
      );
      await staged.commit();
    };
    const [old, young] = [randomBytes(5), randomBytes(6)];
    await stage(old);
    const kept = await keep(randomBytes(7));
    time.advance(2 * hourMs);
    await stage(young);
    expect(await retain()).toEqual({ rows: 0, contents: 0, orphans: 1, leftovers: 0 });
    expect(await local.size(hashOf(old))).toBeUndefined();
    expect(await local.size(hashOf(young))).toBe(6);
    expect(await local.size(kept.sha256)).toBe(7);
  });

  test("a bucket that is away keeps its row, and the next round removes both", async () => {
    const one = await keep(randomBytes(10), hourMs);
    work();
    await uploaded(one.mediaId);
    time.advance(2 * hourMs);
    proxy.set("reset");
    expect(await retain()).toMatchObject({ rows: 1, contents: 0 });
    expect(await retain(null)).toMatchObject({ contents: 0 });
    expect((await stores.files.stats()).files).toBe(1);
    proxy.set("none");
    expect(await retain()).toMatchObject({ contents: 1 });
    expect((await stores.files.stats()).files).toBe(0);
  });
});
