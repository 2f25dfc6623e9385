import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { startNode } from "../support/processes.ts";
import { startS3Server } from "../support/s3-server.ts";
import { openTempDir } from "./temp-dir.ts";
import { startWeb } from "./web.ts";

const megabyte = 1_048_576;
const megabytes = 128;
/** Pieces on their way take a few; a step that holds the file takes all of it. */
const maxGrowth = 32 * megabyte;
/** Fewer could miss a step. */
const minSamples = 10;

test("a document of 128 MB passes through every storage with flat memory", async () => {
  const block = randomBytes(megabyte);
  const hash = createHash("sha256");
  for (let count = 0; count < megabytes; count += 1) hash.update(block);
  const sha256 = hash.digest("hex");
  const blocks = function* () {
    for (let count = 0; count < megabytes; count += 1) yield block;
  };
  await using web = await startWeb((_, response) => void pipeline(Readable.from(blocks()), response).catch(() => {}));
  await using server = await startS3Server();
  await using dir = await openTempDir();
  // A process of its own: nothing else takes memory there.
  await using child = startNode(["test/media/processes/flat-memory.ts", web.url("/large.bin"), server.url, dir.path]);
  expect(await child.exited, child.output()).toBe(0);
  const { hashes, bytes, samples } = JSON.parse(child.output()) as {
    readonly hashes: readonly string[];
    readonly bytes: number;
    readonly samples: number;
  };
  expect(hashes).toEqual([sha256, sha256, sha256]);
  process.stdout.write(
    `128 MB taken in, served, uploaded and read back: ${Math.round(bytes / megabyte)} MB held at the most, in ${samples} looks\n`,
  );
  expect(samples).toBeGreaterThan(minSamples);
  expect(bytes).toBeLessThan(maxGrowth);
});
