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

const refused: readonly (readonly [name: string, path: string, body: () => unknown, status: number, code: string])[] = [
  ["nothing in it", "/send-document/pdf", () => ({ document: url("empty.pdf") }), 422, "media_rejected"],
  ["nothing in it, as data", "/send-image", () => ({ image: "data:image/png;base64," }), 422, "media_rejected"],
  ["a web page", "/send-image", () => ({ image: url("login.jpg") }), 422, "media_rejected"],
  ["it is gone", "/send-image", () => ({ image: url("gone.jpg") }), 422, "media_rejected"],
  ["another kind of file", "/send-video", () => ({ video: url("a.png") }), 422, "media_rejected"],
  ["no address at all", "/send-audio", () => ({ audio: "tone" }), 422, "media_rejected"],
  ["a forbidden address", "/send-image", () => ({ image: "http://169.254.169.254/a" }), 422, "forbidden_address"],
  ["a forbidden way", "/send-image", () => ({ image: "file:///etc/passwd" }), 422, "forbidden_address"],
  ["no file", "/send-document/pdf", () => ({ fileName: "x" }), 400, "invalid_request"],
  ["no file", "/send-image", () => ({ caption: "x" }), 400, "invalid_request"],
  ["an extension that is none", "/send-document/p%2Ff", () => ({ document: url("a.pdf") }), 400, "invalid_request"],
];

describe("what cannot be sent is refused at once, and no message is queued", () => {
  test.each(refused)("%s: %s", async (_, path, body, status, code) => {
    const answer = await scenario.ask("POST", path, { phone: scenario.contact, ...(body() as object) });
    expect(answer).toMatchObject({ status, body: { code } });
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
