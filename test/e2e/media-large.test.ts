import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openMemoryWatch } from "../support/live-memory.ts";
import { until } from "../support/processes.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openRig, type Rig } from "../support/rig.ts";

const megabyte = 1_048_576;
const megabytes = 64;
/** Pieces on their way take a few; a step that holds the file takes all of it. */
const maxGrowth = 20 * megabyte;
/** Fewer could miss a step. */
const minSamples = 2;
const contact = "5511988887777";

test("a document of 64 MB is received, decrypted, stored and served with flat memory", async () => {
  await using files = await openFiles();
  const [small, large] = [await files.write(4), await files.write(megabytes)];
  await using receiver = await startReceiver();
  await using memory = await openMemoryWatch();
  await using rig = await openRig({ slots: "received", env: memory.env });
  await rig.api("PUT", rig.instancePath("/update-every-webhooks"), { value: receiver.url });
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
  // What the first file of a process takes for good is not the file's.
  expect(await receivedHash(rig, receiver, small.path)).toBe(small.sha256);

  const { result: sha256, growth } = await memory.during(() => receivedHash(rig, receiver, large.path));

  expect(sha256).toBe(large.sha256);
  process.stdout.write(
    `64 MB received: ${Math.round(growth.bytes / megabyte)} MB held at the most, in ${growth.samples} looks\n`,
  );
  expect(growth.samples).toBeGreaterThan(minSamples);
  expect(growth.bytes).toBeLessThan(maxGrowth);
}, 180_000);

/** A contact sends the file; answers the hash of what the URL in the webhook gives. */
async function receivedHash(rig: Rig, receiver: Receiver, path: string): Promise<string> {
  const { messageIds } = (await rig.sandbox("POST", `/contacts/${contact}/send`, {
    to: rig.own,
    document: { path },
  })) as { readonly messageIds: readonly string[] };
  const url = await until(
    () => {
      const bodies = receiver.taken.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>);
      const document = bodies.find((body) => body["messageId"] === messageIds[0])?.["document"];
      return Promise.resolve((document as { readonly documentUrl?: string } | undefined)?.documentUrl);
    },
    { what: `the webhook: ${rig.server().output()}`, withinMs: 60_000, everyMs: 50 },
  );
  const answer = await until(
    async () => {
      const got = await fetch(url);
      return got.status === 503 ? undefined : got;
    },
    { what: "the file", withinMs: 120_000, everyMs: 200 },
  );
  const hash = createHash("sha256");
  for await (const piece of answer.body ?? []) hash.update(piece);
  return hash.digest("hex");
}

interface TestFiles extends AsyncDisposable {
  readonly write: (size: number) => Promise<{ readonly path: string; readonly sha256: string }>;
}

/** Files of so many megabytes, in a directory that goes with them. */
async function openFiles(): Promise<TestFiles> {
  const directory = await mkdtemp(join(tmpdir(), "wazapi-large-"));
  return {
    write: async (size) => {
      const path = join(directory, `${size}.bin`);
      const hash = createHash("sha256");
      await using file = await open(path, "w");
      for (let count = 0; count < size; count += 1) {
        const block = randomBytes(megabyte);
        hash.update(block);
        await file.writeFile(block);
      }
      return { path, sha256: hash.digest("hex") };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
