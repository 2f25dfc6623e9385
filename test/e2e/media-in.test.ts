import { createHash, randomBytes } from "node:crypto";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentBody, MediaKind } from "#sandbox/content-body.ts";
import { until } from "../support/processes.ts";
import { openScenario, type Scenario, type WebhookBody } from "../scenarios/rig.ts";

/** Each kind with the place of its URL in the webhook, and bytes that nothing here has to understand. */
const kinds: readonly (readonly [kind: MediaKind, field: string, url: string])[] = [
  ["image", "image", "imageUrl"],
  ["video", "video", "videoUrl"],
  ["audio", "audio", "audioUrl"],
  ["document", "document", "documentUrl"],
  ["sticker", "sticker", "stickerUrl"],
  ["ptv", "ptv", "ptvUrl"],
];

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario();
});
afterAll(() => scenario?.[Symbol.asyncDispose]());

const document = { field: "document", urlName: "documentUrl" } as const;

describe("files of received messages", () => {
  test.each(kinds)("%s: the webhook carries a URL, and a GET gives exactly the bytes", async (kind, field, urlName) => {
    const { url, bytes } = await received(kind, { field, urlName });
    await expectFile(url, bytes);
  });

  test("a GET that comes before the file waits for it", async () => {
    await scenario.sandbox.control.addFault({ type: "download-fail", code: 503 });
    const { url, bytes } = await received("document", document);
    await expectFile(url, bytes);
    expect(scenario.sandbox.control.state().faults).toEqual([]);
  });

  test.each([404, 410])("%i of the media servers: the phone uploads it again, and it comes", async (code) => {
    await scenario.sandbox.control.addFault({ type: "download-fail", code });
    const { url, bytes } = await received("image", { field: "image", urlName: "imageUrl" });
    await expectFile(url, bytes);
    expect(scenario.sandbox.control.state().faults).toEqual([]);
  });

  test("a phone that cannot do it now is asked again", async () => {
    await scenario.sandbox.control.addFault({ type: "download-fail", code: 404, times: 2 });
    await scenario.sandbox.control.addFault({ type: "upload-fail" });
    const { url, bytes } = await received("document", document);
    await expectFile(url, bytes);
    expect(scenario.sandbox.control.state().faults).toEqual([]);
  });

  test("when the phone has lost it, too, the address says so at once", async () => {
    await scenario.sandbox.control.addFault({ type: "download-fail", code: 404 });
    await scenario.sandbox.control.addFault({ type: "upload-fail", code: 404 });
    const { url } = await received("document", document);
    const answer = await fetch(url);
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { code: "not_found", error: "WhatsApp and the phone do not have the file any more" },
    ]);
  });

  test("what came damaged is neither kept nor served, but fetched again", async () => {
    const before = await stats();
    await scenario.sandbox.control.addFault({ type: "download-damage" });
    const { url, bytes } = await received("document", document);
    await expectFile(url, bytes);
    expect(scenario.sandbox.control.state().faults).toEqual([]);
    expect(await stats()).toEqual({ files: before.files + 1, bytes: before.bytes + bytes.length });
  });

  test("the same content twice is one file with two addresses", async () => {
    const first = await received("document", document);
    await expectFile(first.url, first.bytes);
    const before = await stats();
    const second = await received("document", document, first.bytes);
    expect(second.url).not.toBe(first.url);
    await expectFile(second.url, first.bytes);
    expect(await stats()).toEqual(before);
  });

  test("nobody gets a file with the signature of another", async () => {
    const [one, other] = [await received("document", document), await received("document", document)];
    const mixed = new URL(one.url);
    mixed.search = new URL(other.url).search;
    expect((await fetch(mixed)).status).toBe(403);
    mixed.search = "";
    expect((await fetch(mixed)).status).toBe(400);
  });

  test("a picture that is sent through the API is not fetched again for its webhook", async () => {
    const sent = await sharp({ create: { width: 40, height: 30, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    // Nothing can come from the media servers while this lasts.
    await scenario.sandbox.control.addFault({ type: "download-fail", code: 503, times: 1_000 });
    const { messageId } = await scenario.send("/send-image", {
      image: `data:image/jpeg;base64,${sent.toString("base64")}`,
    });
    const webhook = await scenario.webhook("own picture", (body) => body["messageId"] === messageId && "image" in body);
    await expectFile(urlIn(webhook, { field: "image", urlName: "imageUrl" }), sent);
    await scenario.sandbox.control.clearFaults();
  });

  test("the phone of the account sends a picture: its webhook carries a URL, too", async () => {
    const bytes = randomBytes(5_000);
    const image = { base64: bytes.toString("base64") };
    const { messageIds } = await scenario.sandbox.control.phoneSend(
      { number: scenario.own, to: scenario.contact, content: { image } },
      new AbortController().signal,
    );
    const webhook = await scenario.webhook("own picture", (body) => body["messageId"] === messageIds[0]);
    await expectFile(urlIn(webhook, { field: "image", urlName: "imageUrl" }), bytes);
  });
});

async function received(
  kind: MediaKind,
  at: { readonly field: string; readonly urlName: string },
  bytes: Buffer = randomBytes(20_000),
): Promise<{ readonly url: string; readonly bytes: Buffer }> {
  // The keys of a content are its kinds.
  const content = { [kind]: { base64: bytes.toString("base64") } } as unknown as ContentBody;
  const messageId = await scenario.receive(content);
  const webhook = await scenario.webhook(
    kind,
    (body) => body["messageId"] === messageId && body["type"] === "ReceivedCallback",
  );
  return { url: urlIn(webhook, at), bytes };
}

function urlIn(webhook: WebhookBody, at: { readonly field: string; readonly urlName: string }): string {
  const file = webhook[at.field] as Readonly<Record<string, unknown>> | undefined;
  const url = file?.[at.urlName];
  expect(url, JSON.stringify(webhook)).toEqual(expect.any(String));
  return String(url);
}

async function expectFile(url: string, bytes: Uint8Array): Promise<void> {
  // A try that failed is repeated after some seconds; a GET waits for twenty.
  const answer = await until(
    async () => {
      const got = await fetch(url);
      return got.status === 503 ? undefined : got;
    },
    { what: `the file at ${url}`, withinMs: 60_000, everyMs: 100 },
  );
  expect(answer.status).toBe(200);
  expect(sha256(await answer.bytes())).toBe(sha256(bytes));
}

async function stats(): Promise<{ readonly files: number; readonly bytes: number }> {
  const answer = (await (await scenario.fetch("/media/stats")).json()) as Readonly<Record<string, number>>;
  return { files: answer["total_files"]!, bytes: answer["total_bytes"]! };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
