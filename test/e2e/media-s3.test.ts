import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { openScenario, type Scenario } from "../scenarios/rig.ts";
import { until } from "../support/processes.ts";
import { type S3Server, s3Credentials, startS3Server } from "../support/s3-server.ts";

test("the webhook carries an address of the bucket, and a GET gives exactly the bytes", async () => {
  await using s3 = await startS3Server();
  // Longer than any upload takes.
  await using scenario = await openWithBucket(s3, "60s");
  const { url, sha256 } = await received(scenario);
  expect(new URL(url).origin).toBe(s3.url);
  expect(new URL(url).pathname).toMatch(new RegExp(`^/media/wa/.*${sha256}$`));
  const answer = await fetch(url);
  expect([answer.status, hashOf(await answer.bytes())]).toEqual([200, sha256]);
});

test("what is sent through the API goes into the bucket for its webhook", async () => {
  await using s3 = await startS3Server();
  await using scenario = await openWithBucket(s3, "60s");
  const sent = await sharp({ create: { width: 40, height: 30, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const image = `data:image/jpeg;base64,${sent.toString("base64")}`;
  const { messageId } = await scenario.send("/send-image", { image });
  const webhook = await scenario.webhook("own picture", (body) => body["messageId"] === messageId && "image" in body);
  const { imageUrl } = webhook["image"] as { readonly imageUrl: string };
  expect(new URL(imageUrl).origin).toBe(s3.url);
  expect(hashOf(await (await fetch(imageUrl)).bytes())).toBe(hashOf(sent));
});

test("while the bucket is away it carries an address of this server, which leads to the bucket later", async () => {
  await using s3 = await startS3Server();
  await using scenario = await openWithBucket(s3, "1s");
  await s3.down();
  const { url, sha256 } = await received(scenario);
  expect(url).toMatch(/^https:\/\/wa\.example\/media\//);
  const here = url.replace("https://wa.example", scenario.app.url());
  expect(hashOf(await (await fetch(here)).bytes())).toBe(sha256);
  await s3.up();
  await until(() => Promise.resolve(s3.keys().some((key) => key.endsWith(sha256))), {
    what: "the upload",
    withinMs: 60_000,
    everyMs: 100,
  });
  await forgetLocal(scenario, sha256);
  const answer = await until(
    async () => {
      const got = await fetch(here, { redirect: "manual" });
      return got.status === 503 ? undefined : got;
    },
    { what: "the redirect", withinMs: 30_000, everyMs: 100 },
  );
  expect(answer.status).toBe(302);
  expect(new URL(answer.headers.get("location")!).origin).toBe(s3.url);
  expect(hashOf(await (await fetch(here)).bytes())).toBe(sha256);
});

function openWithBucket(s3: S3Server, wait: string): Promise<Scenario> {
  return openScenario({
    env: {
      S3_BUCKET_NAME: "media",
      S3_ENDPOINT: s3.url,
      S3_ACCESS_KEY_ID: s3Credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
      WAZAPI_S3_PREFIX: "wa",
      WAZAPI_MEDIA_WAIT: wait,
      PUBLIC_URL: "https://wa.example",
    },
  });
}

/** As if the disk of this server had been replaced. */
async function forgetLocal(scenario: Scenario, sha256: string): Promise<void> {
  const root = join(scenario.dataDir, "media");
  const found = (await readdir(root, { recursive: true })).filter((name) => name.endsWith(sha256));
  expect(found).toHaveLength(1);
  await rm(join(root, found[0]!));
}

async function received(scenario: Scenario): Promise<{ readonly url: string; readonly sha256: string }> {
  const bytes = randomBytes(20_000);
  const messageId = await scenario.receive({ image: { base64: bytes.toString("base64") } });
  const webhook = await scenario.webhook("a picture", (body) => body["messageId"] === messageId);
  const { imageUrl } = webhook["image"] as { readonly imageUrl: string };
  return { url: imageUrl, sha256: hashOf(bytes) };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
