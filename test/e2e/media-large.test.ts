import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { openRig, type Rig } from "../support/rig.ts";

const megabyte = 1_048_576;
const megabytes = 100;
/** Pieces on their way and garbage not collected yet; one step that holds the file would take more. */
const maxGrowth = 90 * megabyte;
const contact = "5511988887777";

test("a document of 100 MB is received, decrypted, stored and served with flat memory", async () => {
  await using files = await openFiles();
  const [small, large] = [await files.write(4), await files.write(megabytes)];
  await using receiver = await startReceiver();
  await using rig = await openRig({ slots: "received" });
  await rig.api("PUT", rig.instancePath("/update-every-webhooks"), { value: receiver.url });
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
  // What the first file of a process takes for good is not the file's.
  expect(await receivedHash(rig, receiver, small.path)).toBe(small.sha256);

  const before = await memoryOf(rig);
  let peak = before;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      peak = Math.max(peak, await memoryOf(rig));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const sha256 = await receivedHash(rig, receiver, large.path);
  done.abort();
  await watching;

  expect(sha256).toBe(large.sha256);
  process.stdout.write(`100 MB received: ${Math.round((peak - before) / megabyte)} MB more memory at the peak\n`);
  expect(peak - before).toBeLessThan(maxGrowth);
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

/** Resident bytes of the server, as it says itself. */
async function memoryOf(rig: Rig): Promise<number> {
  const text = await (await rig.api("GET", "/metrics")).text();
  const found = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error(`no memory in the metrics: ${text.slice(0, 200)}`);
  return Number(found);
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
