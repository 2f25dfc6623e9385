import { randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { CapturedMedia } from "#domain/captured.ts";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { createMediaLinks, type MediaLinks } from "#media/links/media-links.ts";
import { openS3Storage, type S3Storage } from "#media/storage/s3-storage.ts";
import type { MediaLinks as DeliverMediaLinks } from "#pipeline/deliver/media-links.ts";
import { mediaRecordsOf } from "#store/media-records.ts";
import { openServeRig, type ServeRig } from "./serve-rig.ts";
import { chatId } from "./stores.ts";
import { startS3Server, s3Credentials } from "../support/s3-server.ts";

let rig: ServeRig;
let parts: AsyncDisposableStack | undefined;
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]();
  await parts?.disposeAsync();
  parts = undefined;
});

const never = new AbortController().signal;
const body = randomBytes(1_000);
const image: CapturedMedia = { part: "main", kind: "image", mimeType: "image/png" };
const card: CapturedMedia = { part: "card-0", kind: "video", mimeType: "video/mp4" };

const linksOf = (options: { readonly s3?: S3Storage; readonly waitMs?: number } = {}): MediaLinks =>
  createMediaLinks(
    { ...rig, media: rig.stores.media, clock: rig.time.clock, log: silentLog },
    { publicUrl: () => "https://wa.example", linkMs: 3_600_000, presignMs: 600_000, waitMs: options.waitMs ?? 0 },
  ) satisfies DeliverMediaLinks & MediaLinks;

const happened = async (media: readonly CapturedMedia[] = [image]) => {
  const owner = { instanceId: "I", chatId, messageId: "M1" };
  const now = rig.time.clock.now();
  const rows = mediaRecordsOf(owner, media, { keepMs: 86_400_000, now });
  await rig.stores.media.expect({ media: rows, now });
  return { rows, input: { event: { ...owner, createdAt: now }, media } };
};

/** A rig with a bucket, on the machine's time: signatures are checked against it. */
const withBucket = async (): Promise<S3Storage> => {
  parts = new AsyncDisposableStack();
  const server = parts.use(await startS3Server());
  const options = { bucket: "media", region: "us-east-1", pathStyle: true, credentials: s3Credentials, prefix: "" };
  const s3 = await openS3Storage(
    { clock: systemClock },
    { ...options, endpoint: server.url, connectMs: 1_000, idleMs: 1_000 },
  );
  parts.use(s3);
  rig = await openServeRig({}, s3, systemClock.now());
  return s3;
};
const upload = async (s3: S3Storage): Promise<void> => {
  const { files } = rig.stores;
  const now = rig.time.clock.now();
  const [claim] = await files.claimUploads({ owner: "me", volume: rig.local.volume, limit: 1, leaseMs: 1_000, now });
  await s3.put(claim!, (await rig.local.read(claim!.sha256))!, never);
  await files.settleUpload({ claim: claim!, outcome: { kind: "uploaded", bucket: "media" }, now });
  rig.arrivals.moved();
};

test("without a bucket: addresses of this server at once, good before the files are there", async () => {
  rig = await openServeRig();
  const { rows, input } = await happened([image, card]);
  const links = await linksOf().links(input, never);
  expect([...links.keys()]).toEqual(["main", "card-0"]);
  const { url } = links.get("main")!;
  expect(url).toMatch(/^https:\/\/wa\.example\/media\/I\/[0-9a-f]{32}\.png\?expires=\d+&signature=[\w-]{43}$/);
  expect(links.get("card-0")!.url).toMatch(/\.mp4\?/);
  const asking = rig.serve(new Request(url!));
  await rig.arrive(rows[0]!, body);
  expect(Buffer.from(await (await asking).arrayBuffer())).toEqual(body);
});

test("a file that was given up has no address, and says why", async () => {
  rig = await openServeRig();
  const { rows, input } = await happened();
  await rig.arrive(rows[0]!, "the phone does not have it");
  expect((await linksOf().links(input, never)).get("main")).toEqual({ url: null, error: "the phone does not have it" });
});

test("an event whose rows are gone, or that names no message, has no links", async () => {
  rig = await openServeRig();
  const { input } = await happened();
  await rig.stores.media.prune({ limit: 10, now: Number.MAX_SAFE_INTEGER });
  expect((await linksOf().links(input, never)).size).toBe(0);
  expect((await linksOf().links({ event: { instanceId: "I", createdAt: 0 }, media: [image] }, never)).size).toBe(0);
});

test("with a bucket: waits for the upload and gives its presigned address", async () => {
  const s3 = await withBucket();
  const { rows, input } = await happened();
  const asking = linksOf({ waitMs: 20_000 }).links(input, never);
  await rig.time.settle();
  await rig.arrive(rows[0]!, body);
  await rig.time.settle();
  await upload(s3);
  const { url } = (await asking).get("main")!;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/media\/[0-9a-f]{2}\/[0-9a-f]{64}\?/);
  const answer = await fetch(url!);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
  expect(answer.headers.get("content-type")).toBe("image/png");
  expect(answer.headers.get("content-disposition")).toMatch(/^inline/);
});

test("with a bucket: an upload that takes too long gets an address of this server, which redirects later", async () => {
  const s3 = await withBucket();
  const { rows, input } = await happened();
  const links = linksOf({ waitMs: 5_000 });
  const asking = links.links(input, never);
  for (let second = 0; second < 6; second += 1) {
    await rig.time.settle();
    rig.time.advance(1_000);
  }
  const { url } = (await asking).get("main")!;
  expect(url).toMatch(/^https:\/\/wa\.example\//);
  // A second attempt does not wait once more: the event is old.
  expect((await links.links(input, never)).get("main")!.url).toMatch(/^https:\/\/wa\.example\//);
  const { sha256 } = await rig.arrive(rows[0]!, body);
  await upload(s3);
  // While the copy is still on this disk it is served from there.
  expect((await rig.serve(new Request(url!))).status).toBe(200);
  await rig.local.remove(sha256, Number.MAX_SAFE_INTEGER);
  const answer = await rig.serve(new Request(url!));
  expect(answer.status).toBe(302);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const file = await fetch(answer.headers.get("location")!);
  expect(Buffer.from(await file.arrayBuffer())).toEqual(body);
});

test("with a bucket: a download that fails ends the wait", async () => {
  await withBucket();
  const { rows, input } = await happened();
  const asking = linksOf({ waitMs: 20_000 }).links(input, never);
  await rig.time.settle();
  await rig.arrive(rows[0]!, "gone");
  expect((await asking).get("main")).toEqual({ url: null, error: "gone" });
});
