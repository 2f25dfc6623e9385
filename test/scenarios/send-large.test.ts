import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWeb, type Web } from "../media/web.ts";
import { until } from "../support/processes.ts";
import { openRig, type Rig } from "../support/rig.ts";

const megabyte = 1_048_576;
const megabytes = 100;
/** Pieces on their way and garbage not collected yet; one step that holds the file would take more. */
const maxGrowth = 90 * megabyte;
const contact = "5511988887777";

const block = randomBytes(megabyte);
const large = hashOf(megabytes);

let web: Web;
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
  rig = parts.use(await openRig({ slots: "received" }));
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
}, 60_000);
afterAll(() => parts.disposeAsync());

/** Ways to name a file of so many megabytes. */
const ways: readonly (readonly [name: string, source: (count: number) => Promise<string>])[] = [
  ["fetched", async (count) => web.url(count === megabytes ? "/large.bin" : "/small.bin")],
  ["handed in", handedIn],
];

test.each(ways)(
  "a document of 100 MB is %s, stored, encrypted and uploaded with flat memory",
  async (name, source) => {
    // What the first file of a process takes for good is not the file's.
    await delivered(await source(4));
    const before = await memoryOf();
    let peak = before;
    const done = new AbortController();
    const watching = (async () => {
      while (!done.signal.aborted) {
        peak = Math.max(peak, await memoryOf());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const entry = await delivered(await source(megabytes));
    done.abort();
    await watching;

    expect(Buffer.from(entry.media.sha256, "base64").toString("hex")).toBe(large);
    const received = createHash("sha256");
    const response = await fetch(`${rig.sandboxUrl}/sandbox/media/${large}`);
    for await (const piece of response.body ?? []) received.update(piece);
    expect(received.digest("hex")).toBe(large);
    process.stdout.write(`100 MB ${name}: ${Math.round((peak - before) / megabyte)} MB more memory at the peak\n`);
    expect(peak - before).toBeLessThan(maxGrowth);
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

/** Resident bytes of the server, as it says itself. */
async function memoryOf(): Promise<number> {
  const text = await (await rig.api("GET", "/metrics")).text();
  const found = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error(`no memory in the metrics: ${text.slice(0, 200)}`);
  return Number(found);
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
