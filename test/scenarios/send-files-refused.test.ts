import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SampleFiles, serveSamples } from "./files.ts";
import { openScenario, type Scenario } from "./rig.ts";

/** Files that cannot be sent, files that are fetched later, and requests that come twice. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
let samples: SampleFiles;
beforeAll(async () => {
  samples = parts.use(await serveSamples());
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const url = (name: string): string => samples.url(name);

/** What is asked for, and how it is refused: the status, the code, and the field that is wrong. */
type Refusal = readonly [name: string, path: string, body: () => object, status: number, code: string, field: string];

const refused: readonly Refusal[] = [
  ["empty", "/send-document/pdf", () => ({ document: url("empty.pdf") }), 422, "media_rejected", "document"],
  ["empty, as data", "/send-image", () => ({ image: "data:image/png;base64," }), 422, "media_rejected", "image"],
  ["a web page", "/send-image", () => ({ image: url("login.jpg") }), 422, "media_rejected", "image"],
  ["it is gone", "/send-image", () => ({ image: url("gone.jpg") }), 422, "media_rejected", "image"],
  ["another kind of file", "/send-video", () => ({ video: url("a.png") }), 422, "media_rejected", "video"],
  ["another kind, by the other name", "/send-ptv", () => ({ video: url("a.png") }), 422, "media_rejected", "ptv"],
  ["another kind of file", "/send-sticker", () => ({ sticker: url("a.mp3") }), 422, "media_rejected", "sticker"],
  ["another kind of file", "/send-gif", () => ({ gif: url("a.mp3") }), 422, "media_rejected", "gif"],
  ["no address at all", "/send-audio", () => ({ audio: "tone" }), 422, "media_rejected", "audio"],
  [
    "a forbidden address",
    "/send-image",
    () => ({ image: "http://169.254.169.254/a" }),
    422,
    "forbidden_address",
    "image",
  ],
  ["a forbidden way", "/send-image", () => ({ image: "file:///etc/passwd" }), 422, "forbidden_address", "image"],
  [
    "a broken address, later",
    "/send-image",
    () => ({ image: "http:///", async: true }),
    422,
    "media_rejected",
    "image",
  ],
  ["too large", "/send-video-status", () => ({ video: url("large.mp4") }), 413, "payload_too_large", "video"],
  ["no file", "/send-document/pdf", () => ({ fileName: "x" }), 400, "invalid_request", "document"],
  ["no file", "/send-image", () => ({ caption: "x" }), 400, "invalid_request", "image"],
  [
    "an extension that is none",
    "/send-document/p%2Ff",
    () => ({ document: url("a.pdf") }),
    400,
    "invalid_request",
    "extension",
  ],
  [
    "a picture above buttons",
    "/send-button-list",
    () => ({ message: "x", buttonList: { image: url("login.jpg"), buttons: [{ label: "a" }] } }),
    422,
    "media_rejected",
    "buttonList.image",
  ],
  [
    "a film above buttons, in the other form",
    "/send-button-list",
    () => ({ message: "x", video: url("gone.mp4"), buttons: [{ id: "1", title: "a" }] }),
    422,
    "media_rejected",
    "video",
  ],
  [
    "a picture of a card",
    "/send-carousel",
    () => ({ message: "x", carousel: ["a.png", "gone.png"].map((name) => ({ text: "x", image: url(name) })) }),
    422,
    "media_rejected",
    "carousel.1.image",
  ],
  [
    "a file of a card, in the other form",
    "/send-carousel",
    () => ({ cards: [{ mediaUrl: url("a.pdf"), body: "x" }] }),
    422,
    "media_rejected",
    "cards.0.mediaUrl",
  ],
];

describe("what cannot be sent is refused at once, and no message is queued", () => {
  test.each(refused)("%s: %s", async (_, path, body, status, code, field) => {
    const answer = await scenario.ask("POST", path, { phone: scenario.contact, ...body() });
    expect(answer).toEqual({ status, body: { code, field, error: expect.any(String) } });
    expect((await scenario.ask("GET", "/queue/count")).body).toEqual({ count: 0 });
  });
});

describe("in the background", () => {
  test("a file that cannot be fetched ends in a DeliveryCallback that says why", async () => {
    const answer = await scenario.ask("POST", "/send-video", {
      phone: scenario.contact,
      video: url("gone.mp4"),
      async: true,
    });
    expect(answer.status).toBe(200);
    const { messageId } = answer.body;
    const hook = await scenario.webhook(
      "of the failure",
      (body) => body["type"] === "DeliveryCallback" && body["messageId"] === messageId,
    );
    expect(hook["error"]).toContain("404");
    expect(await scenario.inbox()).not.toContainEqual(expect.objectContaining({ messageId }));
  });

  test("the messages behind it do not overtake it", async () => {
    const { contact } = scenario;
    const film = await scenario.ask("POST", "/send-video", { phone: contact, video: url("a.mp4"), async: true });
    const words = await scenario.send("/send-text", { message: "after the film" });
    const ids = (await scenario.inbox()).map(({ messageId }) => messageId);
    expect(ids.indexOf(String(film.body["messageId"]))).toBe(ids.indexOf(words.messageId) - 1);
  });
});

test("an Idempotency-Key that is known is answered without fetching the file again", async () => {
  const body = { phone: scenario.contact, image: url("a.png"), caption: "once" };
  const headers = { "idempotency-key": "files-1" };
  samples.asked();
  const first = await scenario.ask("POST", "/send-image", body, headers);
  const second = await scenario.ask("POST", "/send-image", body, headers);
  expect(first.status).toBe(200);
  expect(second).toEqual(first);
  expect(samples.asked()).toEqual(["a.png"]);
  const other = await scenario.ask("POST", "/send-image", { ...body, caption: "twice" }, headers);
  expect(other).toMatchObject({ status: 409, body: { code: "idempotency_conflict" } });
});
