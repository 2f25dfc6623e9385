import { createHash } from "node:crypto";
import { connect } from "node:net";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWeb } from "../media/web.ts";
import { until } from "../support/processes.ts";
import { type SampleFiles, serveSamples } from "./files.ts";
import { type Answer, openScenario, type Scenario } from "./rig.ts";

/** Files that are handed in by themselves, and messages that name them. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
let samples: SampleFiles;
beforeAll(async () => {
  samples = parts.use(await serveSamples());
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

interface HandedIn {
  readonly mediaId: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly expiresAt: string;
}

const pathOf = (query = ""): string =>
  `/instances/${scenario.instanceId}/token/${scenario.instanceToken}/media${query}`;

async function handIn(bytes: Buffer, query = ""): Promise<HandedIn> {
  const response = await scenario.fetch(pathOf(query), { method: "POST", body: new Uint8Array(bytes) });
  expect(response.status).toBe(200);
  return (await response.json()) as HandedIn;
}

/** The request that sends a file of each kind, and the file of the samples; what phones take goes as it is. */
const kinds: readonly (readonly [path: string, field: string, name: string, isSame: boolean])[] = [
  ["/send-image", "image", "a.png", true],
  ["/send-video", "video", "a.mp4", true],
  ["/send-gif", "gif", "a.mp4", true],
  ["/send-ptv", "ptv", "a.mp4", true],
  ["/send-audio", "audio", "a.ogg", true],
  ["/send-audio", "audio", "a.mp3", false],
  ["/send-sticker", "sticker", "a.png", false],
  ["/send-sticker", "sticker", "sticker.webp", true],
  ["/send-document/pdf", "document", "a.pdf", true],
  ["/send-document", "document", "a.csv", true],
];

describe("a file that was handed in", () => {
  test.each(kinds)("goes through %s as %s: %s", async (path, field, name, isSame) => {
    const bytes = samples.bytesOf(name);
    const { mediaId, expiresAt, ...facts } = await handIn(bytes, `?fileName=${name}`);
    expect(facts).toMatchObject({ bytes: bytes.length, fileName: name });
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 80_000_000);
    const { entry } = await scenario.send(path, { [field]: `wazapi:${mediaId}` });
    expect(entry.media).toBeDefined();
    if (isSame) expect((await scenario.bytesOf(entry)).equals(bytes)).toBe(true);
    if (field === "document") expect(entry.media).toMatchObject({ fileName: name });
  });

  test("goes as often as it is named, above buttons and in cards too", async () => {
    const { mediaId } = await handIn(samples.bytesOf("a.png"));
    const image = `wazapi:${mediaId}`;
    const buttons = [{ label: "yes" }];
    const above = await scenario.send("/send-button-list", { message: "x", buttonList: { image, buttons } });
    const cards = await scenario.send("/send-carousel", { carousel: [{ text: "x", image }] });
    const part = { fileSha256: createHash("sha256").update(samples.bytesOf("a.png")).digest("base64") };
    expect(above.entry.content).toMatchObject({ interactiveMessage: { header: { imageMessage: part } } });
    expect(cards.entry.content).toMatchObject({
      interactiveMessage: { carouselMessage: { cards: [{ header: { imageMessage: part } }] } },
    });
  });

  test("has the same id again, so that an Idempotency-Key holds over both requests", async () => {
    const headers = { "idempotency-key": "handed-in-1" };
    const send = async (): Promise<Answer> => {
      const { mediaId } = await handIn(samples.bytesOf("a.pdf"), "?fileName=once.pdf");
      const body = { phone: scenario.contact, document: `wazapi:${mediaId}` };
      return scenario.ask("POST", "/send-document/pdf", body, headers);
    };
    const first = await send();
    expect(first.status).toBe(200);
    expect(await send()).toEqual(first);
  });
});

describe("an id is refused", () => {
  test.each(["wazapi:", `wazapi:${"0".repeat(32)}`, "wazapi:../../etc/passwd"])("%s", async (image) => {
    expect(await scenario.ask("POST", "/send-image", { phone: scenario.contact, image })).toEqual({
      status: 422,
      body: { code: "media_rejected", field: "image", error: "this instance has no file of this id, or not any more" },
    });
  });

  test("of another instance", async () => {
    const { mediaId } = await handIn(samples.bytesOf("a.png"));
    const made = await scenario.fetch("/instances/integrator/on-demand", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "another" }),
    });
    const { id, token } = (await made.json()) as { readonly id: string; readonly token: string };
    const answer = await scenario.fetch(`/instances/${id}/token/${token}/send-image`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ phone: scenario.contact, image: `wazapi:${mediaId}` }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([422, { code: "media_rejected", field: "image" }]);
  });

  test("of a file that a contact sent", async () => {
    const messageId = await scenario.receive({ text: "x" });
    await scenario.webhook("of the text", (body) => body["messageId"] === messageId);
    const received = await scenario.receive({
      image: { base64: samples.bytesOf("a.png").toString("base64") },
    });
    const hook = await scenario.webhook("of the picture", (body) => body["messageId"] === received);
    const address = (hook["image"] as { readonly imageUrl: string }).imageUrl;
    const mediaId = /\/([0-9a-f]{32})\./.exec(address)?.[1];
    expect(mediaId).toBeDefined();
    const answer = await scenario.ask("POST", "/send-image", { phone: scenario.contact, image: `wazapi:${mediaId}` });
    expect(answer).toMatchObject({ status: 422, body: { code: "media_rejected" } });
  });
});

describe("a caller that hangs up", () => {
  /** Begins a request and leaves as soon as the server works on it. */
  async function abandon(request: readonly string[], isBegun: () => Promise<boolean>): Promise<void> {
    const { hostname, port } = new URL(scenario.app.url());
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(request.join("\r\n"));
    await until(isBegun, { what: "a request that is worked on", withinMs: 30_000, everyMs: 20 });
    socket.destroy();
  }
  const errors = () => scenario.logged.filter(({ level }) => level === "error");
  const head = (path: string, length: number): readonly string[] => [
    `POST ${path} HTTP/1.1`,
    "host: x",
    "content-type: application/json",
    `client-token: ${scenario.app.tokens.client}`,
    `content-length: ${length}`,
    "",
  ];

  test("while a file comes in leaves nothing behind, and no error", async () => {
    const staging = join(scenario.dataDir, "media", "staging");
    const isBegun = async (): Promise<boolean> => (await readdir(staging)).length > 0;
    await abandon([...head(pathOf(), 1_000_000), "only the beginning"], isBegun);
    await until(async () => !(await isBegun()), { what: "an empty folder", withinMs: 30_000, everyMs: 20 });
    expect(errors()).toEqual([]);
  });

  test("while a file is fetched ends the fetching, sends nothing, and is no error", async () => {
    let state = "not asked";
    await using web = await startWeb((_, response) => {
      state = "asked";
      response.on("close", () => (state = "left"));
      response.writeHead(200, { "content-type": "image/png" }).write("\u0089PNG");
    });
    const body = JSON.stringify({ phone: scenario.contact, image: web.url("/slow.png") });
    const path = pathOf().replace(/media$/, "send-image");
    await abandon([...head(path, body.length), body], async () => state === "asked");
    await until(() => state === "left", { what: "a connection that is given up", withinMs: 30_000, everyMs: 20 });
    // Whatever is said of it is said before the answer to a later request.
    expect((await scenario.ask("GET", "/queue/count")).body).toEqual({ count: 0 });
    expect(errors()).toEqual([]);
  });
});
