import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { startWeb } from "../media/web.ts";
import { until } from "../support/processes.ts";
import { openRig, type Rig } from "../support/rig.ts";

const megabyte = 1_048_576;
const megabytes = 100;
/** Pieces on their way and garbage not collected yet; one step that holds the file would take more. */
const maxGrowth = 90 * megabyte;
const contact = "5511988887777";

test("a document of 100 MB is fetched, stored, encrypted and uploaded with flat memory", async () => {
  const block = randomBytes(megabyte);
  const hash = createHash("sha256");
  for (let count = 0; count < megabytes; count += 1) hash.update(block);
  const sha256 = hash.digest("hex");
  const blocks = function* (count: number) {
    for (let sent = 0; sent < count; sent += 1) yield block;
  };
  await using web = await startWeb((request, response) => {
    const count = request.url === "/large.bin" ? megabytes : 4;
    response.writeHead(200, { "content-length": count * megabyte });
    void pipeline(Readable.from(blocks(count)), response).catch(() => {});
  });
  await using rig = await openRig({ slots: "received" });
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
  // What the first file of a process takes for good is not the file's.
  await delivered(rig, web.url("/small.bin"));

  const before = await memoryOf(rig);
  let peak = before;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      peak = Math.max(peak, await memoryOf(rig));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const entry = await delivered(rig, web.url("/large.bin"));
  done.abort();
  await watching;

  expect(Buffer.from(entry.media.sha256, "base64").toString("hex")).toBe(sha256);
  const received = createHash("sha256");
  const response = await fetch(`${rig.sandboxUrl}/sandbox/media/${sha256}`);
  for await (const piece of response.body ?? []) received.update(piece);
  expect(received.digest("hex")).toBe(sha256);
  process.stdout.write(`100 MB sent: ${Math.round((peak - before) / megabyte)} MB more memory at the peak\n`);
  expect(peak - before).toBeLessThan(maxGrowth);
}, 180_000);

/** Resident bytes of the server, as it says itself. */
async function memoryOf(rig: Rig): Promise<number> {
  const text = await (await rig.api("GET", "/metrics")).text();
  const found = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
  if (found === undefined) throw new Error(`no memory in the metrics: ${text.slice(0, 200)}`);
  return Number(found);
}

/** Sends it and waits until it is with the contact. */
async function delivered(rig: Rig, document: string): Promise<{ readonly media: { readonly sha256: string } }> {
  const response = await rig.api("POST", rig.instancePath("/send-document/bin"), { phone: contact, document });
  const answer = (await response.json()) as { readonly messageId?: string };
  if (answer.messageId === undefined) throw new Error(`refused: ${JSON.stringify(answer)}`);
  const entry = await until(
    async () => (await rig.inbox(contact)).find(({ messageId }) => messageId === answer.messageId),
    { what: `the document at the contact: ${rig.server().output()}`, withinMs: 120_000, everyMs: 200 },
  );
  return entry as unknown as { readonly media: { readonly sha256: string } };
}
