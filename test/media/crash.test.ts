import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { createContents } from "#media/storage/contents.ts";
import { openLocalStorage } from "#media/storage/local-storage.ts";
import { openS3Storage } from "#media/storage/s3-storage.ts";
import { defaultMediaRetentionOptions, runMediaRetention } from "#media/work/retention.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { startNode, until } from "../support/processes.ts";
import { s3Credentials, startS3Server } from "../support/s3-server.ts";
import { newMedia, openTestStores } from "./stores.ts";
import { openTempDir } from "./temp-dir.ts";
import { startWeb } from "./web.ts";

const megabyte = 1_048_576;
const body = randomBytes(2 * megabyte);
const sha256 = createHash("sha256").update(body).digest("hex");

/** Sends half of the file and then waits until it may go on. */
type Gate = "download" | "handed-in" | "none";

test("kill -9 during a download, a file handed in and an upload: all resumed, nothing lost, nothing left over", async () => {
  let gate: Gate = "download";
  const half = { download: 0, "handed-in": 0, none: 0 };
  await using web = await startWeb((request, response) => {
    const step: Gate = request.url?.endsWith("handed-in") === true ? "handed-in" : "download";
    response.writeHead(200, { "content-length": String(body.length), "x-sha256": sha256 });
    if (gate !== step) return void response.end(body);
    response.write(body.subarray(0, megabyte), () => {
      half[step] += 1;
    });
  });
  await using server = await startS3Server();
  await using proxy = await startFaultProxy(() => server.port);
  await using dir = await openTempDir();
  const [database, directory] = [join(dir.path, "db"), join(dir.path, "media")];
  const row = newMedia({ mimeType: "application/pdf", kind: "document" });
  {
    await using stores = await openTestStores(database);
    await stores.media.expect({ media: [row], now: systemClock.now() });
  }
  const start = () =>
    startNode([
      "test/media/processes/media-worker.ts",
      database,
      directory,
      `http://127.0.0.1:${proxy.port}`,
      web.url("/file"),
    ]);
  const limits = { withinMs: 15_000, everyMs: 10 };

  // In the middle of a download.
  {
    await using child = start();
    await until(() => half.download > 0, { what: `half a download: ${child.output()}`, ...limits });
    child.kill("SIGKILL");
    await child.exited;
  }
  // In the middle of a file that a customer hands in.
  gate = "handed-in";
  {
    await using child = start();
    await until(() => half["handed-in"] > 0, { what: `half a file: ${child.output()}`, ...limits });
    await until(() => server.keys().length > 0, { what: `an upload: ${child.output()}`, ...limits });
    child.kill("SIGKILL");
    await child.exited;
  }
  // In the middle of an upload: the bucket stands still, with another file.
  gate = "none";
  const other = newMedia({ mimeType: "application/pdf", kind: "document" });
  {
    await using stores = await openTestStores(database);
    await stores.media.expect({ media: [other], now: systemClock.now() });
    // The copy in the bucket counts no more, so that it goes up again.
    stores.db.prepare("UPDATE media_files SET bucket = NULL, upload_due_at = 0").run();
  }
  proxy.set("stall");
  {
    await using child = start();
    const before = proxy.connections();
    await until(() => proxy.connections() > before, { what: `half an upload: ${child.output()}`, ...limits });
    await until(() => child.output().includes("handed in"), { what: `a file handed in: ${child.output()}`, ...limits });
    child.kill("SIGKILL");
    await child.exited;
  }
  proxy.set("none");

  await using child = start();
  await using stores = await openTestStores(database);
  for (const { mediaId } of [row, other]) {
    const placed = async () => (await stores.media.get({ mediaId }))?.file?.storage === "s3";
    await until(placed, { what: `uploaded after all: ${child.output()}`, ...limits });
  }
  await until(() => child.output().includes("handed in"), { what: `a file handed in: ${child.output()}`, ...limits });
  child.kill("SIGKILL");
  await child.exited;

  const options = { bucket: "media", region: "us-east-1", pathStyle: true, credentials: s3Credentials, prefix: "" };
  await using s3 = await openS3Storage(
    { clock: systemClock },
    { ...options, endpoint: server.url, connectMs: 1_000, idleMs: 1_000 },
  );
  const local = await openLocalStorage({ clock: systemClock }, directory);
  const contents = createContents({ local, s3 });
  const never = new AbortController().signal;
  const { file } = (await stores.media.get({ mediaId: row.mediaId }))!;
  expect((await buffer(await contents.read(file!, undefined, never))).equals(body)).toBe(true);
  // Begun and never finished: they lie there, and a later round takes them away.
  expect((await readdir(join(directory, "staging"))).length).toBeGreaterThan(0);
  const clock = { ...systemClock, now: () => systemClock.now() + 7_200_000 };
  const report = await runMediaRetention(
    { media: stores.media, files: stores.files, local, s3, clock, sleep: async () => {}, log: silentLog },
    { ...defaultMediaRetentionOptions, owner: "test" },
    never,
  );
  expect(report.leftovers).toBeGreaterThan(0);
  expect(await readdir(join(directory, "staging"))).toEqual([]);
  // On the disk lies what no bucket has, in the bucket what its rows say: nothing more, nothing less.
  const rows = (where: string): readonly string[] =>
    stores.db
      .prepare<[], { sha256: string }>(`SELECT sha256 FROM media_files WHERE ${where}`)
      .all()
      .map((one) => one.sha256)
      .toSorted();
  const onDisk = await Array.fromAsync(local.list(clock.now()));
  expect(onDisk.toSorted()).toEqual(rows("bucket IS NULL"));
  const inBucket = server.keys().map((key) => key.slice(-64));
  expect(inBucket.toSorted()).toEqual(rows("bucket IS NOT NULL"));
  // The bucket has it, so the disk needs no copy; the files of rows that expired are gone.
  expect(await local.size(sha256)).toBeUndefined();
  expect((await buffer(await contents.read(file!, undefined, never))).equals(body)).toBe(true);
});
