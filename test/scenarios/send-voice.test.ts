import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeFfmpeg } from "#media/formats/ffmpeg-native.ts";
import { createWasmFfmpeg } from "#media/formats/ffmpeg-wasm.ts";
import { makeVoiceNote } from "#media/formats/audio.ts";
import { readOpus } from "#media/formats/ogg.ts";
import { fixture } from "../media/temp-dir.ts";
import { openScenario, type Scenario } from "./rig.ts";

/** What the recipient's phone gets for a sound: its length and its picture are those of the file, decoded again. */
const sounds: readonly (readonly [name: string, mimeType: string])[] = [
  ["tone.mp3", "audio/mpeg"],
  ["tone.wav", "audio/wav"],
  ["vorbis.ogg", "audio/ogg"],
  ["tone.ogg", "audio/ogg"],
];

describe.each([
  ["that of this machine, if there is one", "auto"],
  ["the built-in one", "builtin"],
])("with %s", (_, ffmpeg) => {
  const parts = new AsyncDisposableStack();
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = parts.use(await openScenario({ env: { WAZAPI_FFMPEG: ffmpeg } }));
  }, 60_000);
  afterAll(() => parts.disposeAsync(), 60_000);

  test("the server tells which it is", async () => {
    const { converter } = (await (await scenario.fetch("/media/stats")).json()) as { readonly converter: string };
    expect(converter).toBe(ffmpeg === "auto" && (await probeFfmpeg("ffmpeg")) !== undefined ? "native" : "wasm");
  });

  test.each(sounds)("%s is a voice note that plays", async (name, mimeType) => {
    const audio = `data:${mimeType};base64,${(await readFile(fixture(name))).toString("base64")}`;
    const { entry, answer } = await scenario.send("/send-audio", { audio });
    expect(answer["warning"]).toBeUndefined();
    const says = entry.content["audioMessage"] as Readonly<Record<string, unknown>>;
    expect(says).toMatchObject({ mimetype: "audio/ogg; codecs=opus", ptt: true });

    const path = join(scenario.dataDir, `${name}.opus`);
    await writeFile(path, await scenario.bytesOf(entry));
    expect(Math.round((await readOpus(path))!.durationMs / 1_000)).toBe(says["seconds"]);
    const signal = new AbortController().signal;
    const decoded = await makeVoiceNote(createWasmFfmpeg(), { path, mimeType: "audio/ogg" }, signal);
    const shown = Buffer.from(String(says["waveform"]), "base64");
    expect(shown).toHaveLength(64);
    const distances = [...shown].map((point, index) => Math.abs(point - decoded.waveform[index]!));
    // Encoded twice, the edges of a sound differ by a point or two of the 64.
    expect(distances.toSorted((a, b) => a - b)[60]).toBeLessThan(15);
  });
});
