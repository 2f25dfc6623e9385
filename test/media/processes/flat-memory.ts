/**
 * Takes one large file through every storage and tells how much memory was held at the most, as JSON on stdout:
 *
 *     node flat-memory.ts URL S3-URL DIRECTORY
 */
import { createHash, randomBytes } from "node:crypto";
import { systemClock } from "#lib/clock.ts";
import { createAddressGuard } from "#lib/guard.ts";
import { silentLog } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { createIngest, type IngestInput } from "#media/ingest.ts";
import { defaultMaxDocumentBytes } from "#media/kinds.ts";
import { createArrivals } from "#media/links/arrivals.ts";
import { mediaPath } from "#media/links/media-address.ts";
import { createServeMedia, defaultServeOptions } from "#media/links/serve-media.ts";
import { createUrlSigner } from "#media/links/sign-url.ts";
import { createRemote, defaultRemoteOptions } from "#media/source/remote.ts";
import { createContents } from "#media/storage/contents.ts";
import { openLocalStorage } from "#media/storage/local-storage.ts";
import { openS3Storage } from "#media/storage/s3-storage.ts";
import type { MediaStore } from "#store/media.ts";
import { watchOwnMemory } from "../../support/live-memory.ts";
import { s3Credentials } from "../../support/s3-server.ts";

const [source = "", endpoint = "", directory = ""] = process.argv.slice(2);
const clock = systemClock;
const never = new AbortController().signal;
const kept: Parameters<MediaStore["keep"]>[0][] = [];
const local = await openLocalStorage({ clock }, directory);
await using s3 = await openS3Storage(
  { clock },
  {
    bucket: "media",
    region: "us-east-1",
    pathStyle: true,
    credentials: s3Credentials,
    prefix: "",
    endpoint,
    connectMs: 1_000,
    idleMs: 20_000,
  },
);
const remote = createRemote(
  { guard: createAddressGuard({ allowPrivate: false, allowLoopback: true }), sleep },
  defaultRemoteOptions,
);
const contents = createContents({ local, s3 });
const ingest = createIngest(
  {
    remote,
    local,
    media: { keep: async (row) => void kept.push(row), get: async () => undefined },
    contents,
    formats: { prepare: async () => ({ facts: {}, [Symbol.asyncDispose]: async () => {} }) },
    clock,
  },
  { maxDocumentBytes: defaultMaxDocumentBytes, keepMs: 1_000, upload: false },
);
const take = (from: string) => {
  const input: IngestInput = { instanceId: "I", kind: "document", source: from };
  return ingest(input, never);
};
const signer = createUrlSigner(randomBytes(32));

/** All steps once; the hashes that came out of each. */
async function pass(from: string): Promise<readonly string[]> {
  const media = await take(from);
  const { media: row, volume } = kept.at(-1)!;
  const file = { sha256: media.sha256, bytes: media.bytes, mimeType: media.mimeType };
  const times = { attempts: 0, dueAt: 0, createdAt: 0, updatedAt: 0 };
  const served = {
    ...row,
    ...times,
    direction: "out",
    state: "stored",
    file: { ...file, storage: "local", volume },
  } as const;
  const arrivals = createArrivals({ media: { get: async () => served }, clock, sleep });
  const stopping = new AbortController().signal;
  const serve = createServeMedia({ arrivals, contents, signer, stopping, clock, log: silentLog }, defaultServeOptions);
  const url = `http://host${signer.sign(mediaPath(row), clock.now() + 60_000)}`;
  const answer = await serve(new Request(url));
  const fromDisk = await hashOf(answer.body!);
  await s3.put(file, (await local.read(media.sha256))!, never);
  await local.remove(media.sha256, Number.MAX_SAFE_INTEGER);
  const fromBucket = await hashOf(await contents.read({ ...file, storage: "s3", bucket: "media" }, undefined, never));
  return [media.sha256, fromDisk, fromBucket];
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}

// What the code itself takes is there before it is measured.
await pass("data:,warm");
using watch = watchOwnMemory();
const hashes = await pass(source);
process.stdout.write(JSON.stringify({ hashes, ...watch.growth() }));
