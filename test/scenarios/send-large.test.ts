import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWeb, type Web } from "../media/web.ts";
import { type MemoryWatch, openMemoryWatch } from "../support/live-memory.ts";
import { until } from "../support/processes.ts";
import { openRig, type Rig } from "../support/rig.ts";

const megabyte = 1_048_576;
const megabytes = 64;
/** Pieces on their way take a few; a step that holds the file takes all of it. */
const maxGrowth = 20 * megabyte;
/** Fewer could miss a step. */
const minSamples = 2;
const contact = "5511988887777";

const block = randomBytes(megabyte);
const large = hashOf(megabytes);

let web: Web;
let memory: MemoryWatch;
let rig: Rig;
const parts = new AsyncDisposableStack();
beforeAll(async () => {
  web = parts.use(
    await startWeb((request, response) => {
      const count = request.url === "/large.bin" ? megabytes : 4;
      response.writeHead(200, { "content-length": count * megabyte });
      void pipeline(Readable.from(blocks(count)), response).catch(() => {});
    }),
  );
  memory = parts.use(await openMemoryWatch());
  rig = parts.use(await openRig({ slots: "received", env: memory.env }));
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
}, 60_000);
afterAll(() => parts.disposeAsync());

/** Ways to name a file of so many megabytes. */
const ways: readonly (readonly [name: string, source: (count: number) => Promise<string>])[] = [
  ["fetched", async (count) => web.url(count === megabytes ? "/large.bin" : "/small.bin")],
  ["handed in", handedIn],
];

test.each(ways)(
  "a document of 64 MB is %s, stored, encrypted and uploaded with flat memory",
  async (name, source) => {
    // What the first file of a process takes for good is not the file's.
    await delivered(await source(4));
    const { result: entry, growth } = await memory.during(async () => delivered(await source(megabytes)));

    expect(Buffer.from(entry.media.sha256, "base64").toString("hex")).toBe(large);
    const received = createHash("sha256");
    const response = await fetch(`${rig.sandboxUrl}/sandbox/media/${large}`);
    for await (const piece of response.body ?? []) received.update(piece);
    expect(received.digest("hex")).toBe(large);
    process.stdout.write(
      `64 MB ${name}: ${Math.round(growth.bytes / megabyte)} MB held at the most, in ${growth.samples} looks\n`,
    );
    expect(growth.samples).toBeGreaterThan(minSamples);
    expect(growth.bytes).toBeLessThan(maxGrowth);
  },
  180_000,
);

function* blocks(count: number): Generator<Buffer> {
  for (let sent = 0; sent < count; sent += 1) yield block;
}

function hashOf(count: number): string {
  const hash = createHash("sha256");
  for (const piece of blocks(count)) hash.update(piece);
  return hash.digest("hex");
}

async function handedIn(count: number): Promise<string> {
  const response = await fetch(`${rig.serverUrl}${rig.instancePath("/media?fileName=large.bin")}`, {
    method: "POST",
    headers: rig.headers,
    body: ReadableStream.from(blocks(count)),
    duplex: "half",
  });
  const { mediaId } = (await response.json()) as { readonly mediaId?: string };
  if (mediaId === undefined) throw new Error(`refused: ${response.status}`);
  return `wazapi:${mediaId}`;
}

/** Sends it and waits until it is with the contact. */
async function delivered(document: string): Promise<{ readonly media: { readonly sha256: string } }> {
  const response = await rig.api("POST", rig.instancePath("/send-document/bin"), { phone: contact, document });
  const answer = (await response.json()) as { readonly messageId?: string };
  if (answer.messageId === undefined) throw new Error(`refused: ${JSON.stringify(answer)}`);
  const entry = await until(
    async () => (await rig.inbox(contact)).find(({ messageId }) => messageId === answer.messageId),
    { what: `the document at the contact: ${rig.server().output()}`, withinMs: 120_000, everyMs: 200 },
  );
  return entry as unknown as { readonly media: { readonly sha256: string } };
}
