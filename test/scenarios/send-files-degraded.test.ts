import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture } from "../media/temp-dir.ts";
import { openScenario, type Scenario } from "./rig.ts";

/** A server that cannot convert sounds and films, nor take large documents, says so and sends what can be sent. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
const source: Record<string, string> = {};
beforeAll(async () => {
  for (const [name, type] of [
    ["tone.mp3", "audio/mpeg"],
    ["tone.ogg", "audio/ogg"],
    ["film.webm", "video/webm"],
    ["moving.gif", "image/gif"],
  ] as const) {
    source[name] = `data:${type};base64,${(await readFile(fixture(name))).toString("base64")}`;
  }
  scenario = parts.use(await openScenario({ env: { WAZAPI_FFMPEG: "none", WAZAPI_MAX_DOCUMENT: "1MiB" } }));
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

test.each([
  ["a sound is sent as a file of sound", "/send-audio", "audio", "tone.mp3", "audioMessage", { ptt: false }],
  ["a voice note stays one, without its picture", "/send-audio", "audio", "tone.ogg", "audioMessage", { ptt: true }],
  ["a film is sent as it is", "/send-video", "video", "film.webm", "videoMessage", { mimetype: "video/webm" }],
])("%s, and the answer says what is missing", async (_, path, field, name, part, says) => {
  const { answer, entry } = await scenario.send(path, { [field]: source[name] });
  expect(answer["warning"]).toContain("without ffmpeg");
  expect(entry.content).toMatchObject({ [part]: says });
  expect((await scenario.bytesOf(entry)).equals(await readFile(fixture(name)))).toBe(true);
});

test("the server tells that nothing converts", async () => {
  expect(await (await scenario.fetch("/media/stats")).json()).toMatchObject({ converter: "none" });
});

test("what nobody could see is refused", async () => {
  const body = { phone: scenario.contact, gif: source["moving.gif"] };
  const answer = await scenario.ask("POST", "/send-gif", body);
  expect(answer).toMatchObject({ status: 422, body: { code: "media_rejected" } });
  expect(answer.body["error"]).toContain("MP4");
});

test("a document beyond the operator's limit is refused", async () => {
  const document = `data:application/zip;base64,${Buffer.alloc(1_048_577, 1).toString("base64")}`;
  const answer = await scenario.ask("POST", "/send-document/zip", { phone: scenario.contact, document });
  expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
});

test("a repeated request hears the warning again", async () => {
  const body = { phone: scenario.contact, audio: source["tone.mp3"] };
  const headers = { "idempotency-key": "degraded-1" };
  const first = await scenario.ask("POST", "/send-audio", body, headers);
  expect(first.body["warning"]).toContain("without ffmpeg");
  expect(await scenario.ask("POST", "/send-audio", body, headers)).toEqual(first);
});
