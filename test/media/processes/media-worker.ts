/**
 * A media room in a process that is there to be killed:
 *
 *     node media-worker.ts DATABASE DIRECTORY S3-URL FILE-URL
 *
 * It fetches every file from FILE-URL and writes a line for each step that begins.
 */
import { systemClock } from "#lib/clock.ts";
import { createAddressGuard } from "#lib/guard.ts";
import { silentLog } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { startMedia } from "#media/media.ts";
import { createFormats, defaultFormatsOptions } from "#media/formats/formats.ts";
import { newNodeId } from "#cluster/node-id.ts";
import { s3Credentials } from "../../support/s3-server.ts";
import { httpDownloader } from "../http-downloader.ts";
import { openTestStores } from "../stores.ts";

const [database = "", directory = "", endpoint = "", fileUrl = ""] = process.argv.slice(2);
const signal = new AbortController().signal;
const { media, files } = await openTestStores(database);
const room = await startMedia(
  {
    media,
    files,
    downloader: httpDownloader(fileUrl),
    formats: createFormats({ ffmpeg: undefined, log: silentLog }, defaultFormatsOptions),
    guard: createAddressGuard({ allowPrivate: false, allowLoopback: true }),
    clock: systemClock,
    sleep,
    log: silentLog,
  },
  {
    directory,
    owner: newNodeId(),
    isOnly: true,
    secretKey: Buffer.alloc(32),
    publicUrl: () => "http://host",
    s3: {
      bucket: "media",
      region: "us-east-1",
      pathStyle: true,
      credentials: s3Credentials,
      prefix: "",
      endpoint,
      connectMs: 1_000,
      idleMs: 20_000,
    },
    uploadOutgoing: true,
    linkMs: 60_000,
    presignMs: 60_000,
    waitMs: 1_000,
    outgoingKeepMs: 60_000,
    maxDocumentBytes: 1_000_000_000,
  },
  signal,
);
room.wake();
process.stdout.write("up\n");
// A file that a customer hands in, while the others are on their way.
await room.ingest({ instanceId: "I", kind: "document", source: `${fileUrl}?handed-in` }, signal);
process.stdout.write("handed in\n");
