import { createHash, randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWeb, type Web } from "../media/web.ts";
import { until } from "../support/processes.ts";
import { openRig, type Rig } from "../support/rig.ts";

/** A file that was accepted leaves, whatever happens to the process meanwhile. */
const contact = "5511988887777";
const bytes = randomBytes(300_000);
const sha256 = createHash("sha256").update(bytes).digest("base64");

const parts = new AsyncDisposableStack();
let rig: Rig;
let web: Web;
let asked = 0;
beforeAll(async () => {
  web = parts.use(
    await startWeb((_, response) => {
      asked += 1;
      response.end(bytes);
    }),
  );
  rig = parts.use(await openRig({ slots: "received" }));
  await rig.sandbox("POST", "/contacts", { number: contact, name: "Ana" });
}, 60_000);
afterAll(() => parts.disposeAsync());

test.each([
  ["taken in at the request", false],
  ["fetched when it leaves", true],
])("kill -9 while the file cannot be uploaded: it arrives after the restart; %s", async (_, isAsync) => {
  asked = 0;
  await rig.sandbox("POST", "/faults", { type: "upload-fail", match: { number: rig.own }, times: 1_000 });
  const document = web.url("/file.bin");
  const body = { phone: contact, document, async: isAsync };
  const response = await rig.api("POST", rig.instancePath("/send-document/bin"), body);
  const { messageId } = (await response.json()) as { readonly messageId: string };
  await until(() => lastErrorOf(messageId), { what: "a failed try", withinMs: 30_000 });
  rig.server().kill("SIGKILL");
  await rig.server().exited;
  await rig.sandbox("DELETE", "/faults");
  await writeFile(join(rig.dataDir, "tmp", "left-by-the-dead"), "half a copy");
  await rig.start();
  const entry = await until(async () => (await rig.inbox(contact)).find((one) => one.messageId === messageId), {
    what: "the file at the contact",
    withinMs: 60_000,
    everyMs: 100,
  });
  expect(entry).toMatchObject({ copies: 1, media: { sha256, verified: true } });
  // What lies here already is not fetched again.
  if (isAsync) expect(asked).toBeGreaterThan(1);
  else expect(asked).toBe(1);
  // Neither the dead process nor this one leaves an encrypted copy behind.
  const scratch = join(rig.dataDir, "tmp");
  await until(async () => (await readdir(scratch)).length === 0, {
    what: "an empty scratch directory",
    withinMs: 30_000,
  });
});

/** What the queue says of the last try of a message. */
async function lastErrorOf(messageId: string): Promise<string | undefined> {
  const response = await rig.api("GET", rig.instancePath("/queue"));
  const items = (await response.json()) as readonly Item[];
  return items.find(({ MessageId }) => MessageId === messageId)?.LastError;
}

interface Item {
  readonly MessageId: string;
  readonly LastError?: string;
}
