import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentBody, MediaKind } from "#sandbox/content-body.ts";
import { fixture } from "../media/temp-dir.ts";
import { openScenario, type Scenario } from "../scenarios/rig.ts";
import { until } from "../support/processes.ts";
import { type S3Server, s3Credentials, startS3Server } from "../support/s3-server.ts";

/** The same bytes through a bucket, in both directions, for each kind of file that phones take as it is. */
const parts = new AsyncDisposableStack();
let s3: S3Server;
let scenario: Scenario;
const files = new Map<string, Buffer>();
beforeAll(async () => {
  const picture = sharp({ create: { width: 512, height: 512, channels: 4, background: "teal" } });
  files.set("png", await picture.png().toBuffer());
  files.set("webp", await picture.webp({ quality: 80, effort: 4 }).toBuffer());
  files.set("mp4", await readFile(fixture("film.mp4")));
  files.set("ogg", await readFile(fixture("tone.ogg")));
  files.set("txt", Buffer.from("a;b\n1;2\n"));
  s3 = parts.use(await startS3Server());
  scenario = parts.use(
    await openScenario({
      env: {
        S3_BUCKET_NAME: "media",
        S3_ENDPOINT: s3.url,
        S3_ACCESS_KEY_ID: s3Credentials.accessKeyId,
        S3_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
        WAZAPI_S3_UPLOAD_OUTGOING: "true",
        // Longer than any upload takes.
        WAZAPI_MEDIA_WAIT: "60s",
      },
    }),
  );
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const kinds: readonly (readonly [kind: MediaKind, file: string])[] = [
  ["image", "png"],
  ["video", "mp4"],
  ["audio", "ogg"],
  ["document", "txt"],
  ["sticker", "webp"],
  ["ptv", "mp4"],
];

describe("through a bucket come exactly the bytes that went in", () => {
  test.each(kinds)("in: %s", async (kind, file) => {
    // Known bytes would not be fetched again.
    const bytes = Buffer.concat([files.get(file)!, Buffer.from(kind)]);
    const content = { [kind]: { base64: bytes.toString("base64") } } as unknown as ContentBody;
    const messageId = await scenario.receive(content);
    const hook = await scenario.webhook(kind, (body) => body["messageId"] === messageId);
    const url = (hook[kind] as Readonly<Record<string, string>>)[`${kind}Url`]!;
    expect(new URL(url).origin).toBe(s3.url);
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true);
  });

  test.each(kinds)("out, from the bucket alone: %s", async (kind, file) => {
    const bytes = files.get(file)!;
    const before = s3.keys().length;
    const path = `/instances/${scenario.instanceId}/token/${scenario.instanceToken}/media?fileName=${kind}.${file}`;
    // Bytes of its own, so that the object is its own; what is behind the end of a file shows nobody.
    const own =
      kind === "sticker" ? bytes : Buffer.concat([bytes, Buffer.alloc(1 + kinds.findIndex(([one]) => one === kind))]);
    const handedIn = await scenario.fetch(path, { method: "POST", body: new Uint8Array(own) });
    const { mediaId } = (await handedIn.json()) as { readonly mediaId: string };
    await until(() => s3.keys().length > before, { what: "the object", withinMs: 60_000, everyMs: 50 });
    await emptyDisk();
    const body = { phone: scenario.contact, [kind]: `wazapi:${mediaId}`, delayMessage: 2 };
    const { messageId } = (await scenario.ask("POST", `/send-${kind}`, body)).body;
    // Once more, now that the message waits: it is encrypted from the bucket, too.
    await emptyDisk();
    const entry = await scenario.arrived(String(messageId));
    expect((await scenario.bytesOf(entry)).equals(own)).toBe(true);
  });
});

/** As if another node, which shares only the bucket, had to send. */
async function emptyDisk(): Promise<void> {
  const root = join(scenario.dataDir, "media", "files");
  for (const name of await readdir(root)) await rm(join(root, name), { recursive: true, force: true });
}
