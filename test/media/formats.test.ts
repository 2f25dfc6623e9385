import { readFile, readdir, writeFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { isVoiceNote, makeVoiceNote } from "#media/formats/audio.ts";
import { hasFfmpegCore } from "#media/formats/ffmpeg-core.ts";
import { createNativeFfmpeg, probeFfmpeg } from "#media/formats/ffmpeg-native.ts";
import { createWasmFfmpeg } from "#media/formats/ffmpeg-wasm.ts";
import { createFormats, defaultFormatsOptions } from "#media/formats/formats.ts";
import { readMp4 } from "#media/formats/mp4.ts";
import { readOpus } from "#media/formats/ogg.ts";
import { openFormats } from "#media/formats/open-formats.ts";
import { pdfPages } from "#media/formats/pdf.ts";
import { createWaveformMeter } from "#media/formats/waveform.ts";
import { sniffFile } from "#media/types/sniff-file.ts";
import { openIngestRig } from "./ingest-rig.ts";
import { picture, useFiles, without } from "./format-tools.ts";
import { fixture } from "./temp-dir.ts";

const never = new AbortController().signal;
const nativeVersion = await probeFfmpeg("ffmpeg");
const engines = [
  ...(nativeVersion === undefined ? [] : [["native", createNativeFfmpeg("ffmpeg")] as const]),
  ...(hasFfmpegCore() ? [["wasm", createWasmFfmpeg()] as const] : []),
];

const files = useFiles();
const { prepare } = files;

describe("pictures", () => {
  test.each([
    ["JPEG", () => picture().jpeg().toBuffer()],
    ["PNG", () => picture().png().toBuffer()],
  ])("%s goes as it is, with its sides and a thumbnail", async (_, make) => {
    await using prepared = await prepare(without, "image", await make());
    expect(prepared.replacement).toBeUndefined();
    expect(prepared.facts).toMatchObject({ width: 300, height: 200 });
    const thumbnail = await sharp(prepared.facts.thumbnail).metadata();
    expect(thumbnail).toMatchObject({ format: "jpeg", width: 72, height: 48 });
    expect(prepared.facts.thumbnail!.length).toBeLessThan(3_000);
  });

  test("a picture that the camera turned has the sides it is shown with", async () => {
    await using prepared = await prepare(
      without,
      "image",
      await picture().jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    );
    expect(prepared.facts).toMatchObject({ width: 200, height: 300 });
    expect(await sharp(prepared.facts.thumbnail).metadata()).toMatchObject({ width: 48, height: 72 });
  });

  test.each([
    ["WebP", () => picture().webp().toBuffer()],
    ["AVIF", () => picture().avif().toBuffer()],
    ["TIFF", () => picture().tiff().toBuffer()],
    ["GIF", () => picture().gif().toBuffer()],
    ["SVG", async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"/>')],
  ])("%s becomes JPEG", async (_, make) => {
    await using prepared = await prepare(without, "image", await make());
    expect(prepared.replacement?.mimeType).toBe("image/jpeg");
    expect(await sharp(await readFile(prepared.replacement!.path)).metadata()).toMatchObject({
      format: "jpeg",
      width: 300,
      height: 200,
    });
  });

  test("a damaged picture, and one of too many dots, are refused", async () => {
    const png = await picture().png().toBuffer();
    const rejected = { code: "media_rejected", message: expect.stringMatching(/cannot be read/) };
    await expect(prepare(without, "image", png.subarray(0, png.length / 2))).rejects.toMatchObject(rejected);
    // Few letters, 400 million dots.
    const huge = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="20000"/>');
    await expect(prepare(without, "image", huge)).rejects.toMatchObject(rejected);
  });
});

describe("waveform", () => {
  const tone = (seconds: number, volume: (at: number) => number): Uint8Array => {
    const samples = Int16Array.from(
      { length: seconds * 8_000 },
      (_, n) => Math.sin(n / 3) * 30_000 * volume(n / 8_000),
    );
    return new Uint8Array(samples.buffer);
  };

  test("64 points, the loudest at 100; pieces of any length make no difference", () => {
    const bytes = tone(2, (at) => (at < 1 ? 0.1 : 1));
    const whole = createWaveformMeter();
    whole.add(bytes);
    const inParts = createWaveformMeter();
    for (let at = 0; at < bytes.length; at += 777) inParts.add(bytes.subarray(at, at + 777));
    expect(inParts.points()).toEqual(whole.points());
    expect(inParts.durationMs()).toBe(2_000);
    const points = [...whole.points()];
    expect(points).toHaveLength(64);
    expect(Math.max(...points)).toBe(100);
    expect(Math.max(...points.slice(0, 32))).toBeLessThan(30);
    expect(Math.min(...points.slice(33))).toBeGreaterThan(90);
  });

  test("silence, almost nothing, nothing", () => {
    const silence = createWaveformMeter();
    silence.add(tone(1, () => 0));
    expect(new Set(silence.points())).toEqual(new Set([0]));
    const short = createWaveformMeter();
    short.add(tone(0.001, () => 1));
    expect(short.points()).toHaveLength(64);
    expect(createWaveformMeter().points()).toEqual(new Uint8Array(64));
  });
});

describe.each(engines)("with the %s ffmpeg", (name, ffmpeg) => {
  // Both take the same arguments; the second one need not read every format again.
  const [first] = engines[0] ?? [];
  const sounds = ["tone.mp3", "tone.m4a", "tone.wav", "tone.flac", "vorbis.ogg", "stereo.ogg", "film.mp4"];
  const formats = createFormats({ ffmpeg, log: silentLog }, defaultFormatsOptions);

  test.each(name === first ? sounds : sounds.slice(0, 2))("%s becomes a voice note that plays", async (name) => {
    await using prepared = await prepare(formats, "audio", fixture(name));
    const { path, mimeType } = prepared.replacement!;
    expect(mimeType).toBe("audio/ogg; codecs=opus");
    expect(await sniffFile(path)).toBe(mimeType);
    expect(await isVoiceNote(path, mimeType)).toBe(true);
    expect(prepared.facts).toMatchObject({ isVoice: true });
    expect(Math.abs(prepared.facts.durationMs! - 2_000)).toBeLessThan(150);
    expect(Math.abs((await readOpus(path))!.durationMs - 2_000)).toBeLessThan(150);
    // An even tone: no point is quiet, but for the edges of the codecs.
    const points = [...prepared.facts.waveform!];
    expect(points).toHaveLength(64);
    expect(Math.min(...points.slice(4, 58))).toBeGreaterThan(60);
    // What came out is decoded once more.
    const again = await makeVoiceNote(ffmpeg, { path, mimeType }, never);
    expect(Math.abs(again.durationMs - 2_000)).toBeLessThan(150);
    expect(Math.min(...again.waveform.slice(4, 58))).toBeGreaterThan(60);
  });

  test("a voice note stays as it is and is only measured", async () => {
    await using prepared = await prepare(formats, "audio", fixture("tone.ogg"));
    expect(prepared.replacement).toBeUndefined();
    expect(prepared.facts).toMatchObject({ isVoice: true });
    expect(prepared.facts.waveform).toHaveLength(64);
  });

  test("a film has length, sides and a thumbnail, and its bytes stay", async () => {
    await using prepared = await prepare(formats, "video", fixture("film.mp4"));
    expect(prepared.replacement).toBeUndefined();
    expect(prepared.facts).toMatchObject({ durationMs: 2_000, width: 160, height: 120 });
    expect(await sharp(prepared.facts.thumbnail).metadata()).toMatchObject({ format: "jpeg", width: 72, height: 54 });
  });

  test("a film that was turned has an upright thumbnail", async () => {
    await using prepared = await prepare(formats, "ptv", fixture("turned.mp4"));
    expect(prepared.facts).toMatchObject({ width: 120, height: 160 });
    expect(await sharp(prepared.facts.thumbnail).metadata()).toMatchObject({ width: 54, height: 72 });
  });

  test.each([
    ["video", "film.webm", 160],
    ["video", "film.mov", 160],
    // Odd sides become even ones.
    ["gif", "moving.gif", 80],
  ] as const)("%s: %s becomes an MP4 that phones play", async (kind, name, width) => {
    await using prepared = await prepare(formats, kind, fixture(name));
    const { path, mimeType } = prepared.replacement!;
    expect(mimeType).toBe("video/mp4");
    expect(await readMp4(path)).toMatchObject({ videoCodec: "avc1", width });
    expect(prepared.facts).toMatchObject({ width });
    expect(prepared.facts.thumbnail).toBeDefined();
    // The header first, so that players can begin.
    const bytes = await readFile(path);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  });

  test("what is damaged or has no sound is refused, and nothing stays", async () => {
    const mp3 = await readFile(fixture("tone.mp3"));
    const damaged = Buffer.concat([mp3.subarray(0, 300), Buffer.alloc(50)]);
    const silent = await readFile(fixture("turned.mp4"));
    for (const bytes of [Buffer.concat([Buffer.from("OggS"), Buffer.alloc(500)]), silent, damaged.subarray(0, 40)]) {
      await expect(prepare(formats, "audio", bytes)).rejects.toMatchObject({ code: "media_rejected" });
    }
    expect(await readdir(files.path())).toEqual(["source"]);
  });

  test("a list of other files is not followed", async () => {
    const list = Buffer.from("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n");
    const path = join(files.path(), "list");
    await writeFile(path, list);
    const input = { kind: "audio", path, mimeType: "audio/mpeg", directory: files.path() } as const;
    await expect(formats.prepare(input, never)).rejects.toMatchObject({ code: "media_rejected" });
    await expect(formats.prepare({ ...input, mimeType: "application/x-mpegurl" }, never)).rejects.toMatchObject({
      code: "media_rejected",
    });
  });

  test("an abort and a limit of time end it, and nothing stays", async () => {
    const path = join(files.path(), "source");
    // An hour of silence.
    const header = (await readFile(fixture("tone.wav"))).subarray(0, 78);
    await writeFile(path, Buffer.concat([header, Buffer.alloc(57_600_000)]));
    const input = { kind: "audio", path, mimeType: "audio/wav", directory: files.path() } as const;
    const controller = new AbortController();
    const working = formats.prepare(input, controller.signal);
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(working).rejects.toThrow("enough");
    const hasty = createFormats({ ffmpeg, log: silentLog }, { slots: 1, limitMs: 30 });
    await expect(hasty.prepare(input, never)).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(/too long/),
    });
    expect(await readdir(files.path())).toEqual(["source"]);
  });
});

describe("without ffmpeg", () => {
  test("it says what it can do", async () => {
    expect(without.capabilities()).toEqual({ images: true, ffmpeg: undefined });
    expect((await openFormats({ log: silentLog }, "never")).capabilities().ffmpeg).toBeUndefined();
    const missing = await openFormats({ log: silentLog }, { path: "/nowhere/ffmpeg" });
    expect(missing.capabilities().ffmpeg?.kind).toBe(hasFfmpegCore() ? "wasm" : undefined);
  });

  test.each([
    ["audio", "tone.ogg", { isVoice: true, durationMs: 2_000 }, /no waveform/],
    ["audio", "tone.mp3", { isVoice: false }, /file of sound/],
    ["video", "film.mp4", { durationMs: 2_000, width: 160, height: 120 }, /no thumbnail/],
    ["video", "film.webm", {}, /sent as it is/],
  ] as const)("%s: %s goes out as it is, and the answer says so", async (kind, name, facts, degraded) => {
    await using prepared = await prepare(without, kind, fixture(name));
    expect(prepared.replacement).toBeUndefined();
    expect(prepared.facts).toMatchObject(facts);
    expect(prepared.facts.degraded).toMatch(degraded);
  });

  test("a GIF must be MP4", async () => {
    await expect(prepare(without, "gif", fixture("moving.gif"))).rejects.toMatchObject({ code: "media_rejected" });
    await using prepared = await prepare(without, "gif", fixture("film.mp4"));
    expect(prepared.facts).toMatchObject({ width: 160 });
  });
});

describe("pdfPages", () => {
  const pdf = (body: string) => Buffer.from(`%PDF-1.4\n${body}\ntrailer << /Root 1 0 R >>`, "latin1");
  const packed = deflateSync(Buffer.from("2 0 <</Type/Pages/Kids[5 0 R 6 0 R]/Count 12>>"));
  test.each([
    ["a plain tree", pdf("2 0 obj << /Type /Pages /Kids [3 0 R] /Count 3 >> endobj"), 3],
    [
      "the count first, inner dictionaries",
      pdf("2 0 obj <</Count 7 /Resources <</Font <<>> >> /Type/Pages>> endobj"),
      7,
    ],
    ["a tree of several levels", pdf("<</Type/Pages/Count 9>> <</Type/Pages/Parent 2 0 R/Count 4>>"), 9],
    [
      "packed objects",
      Buffer.concat([
        Buffer.from("%PDF-1.5\n7 0 obj <</Type/ObjStm/N 1/First 4/Filter/FlateDecode>> stream\n"),
        packed,
        Buffer.from("\nendstream"),
      ]),
      12,
    ],
    ["encrypted", pdf("<</Type/Pages/Count 3>> /Encrypt 9 0 R"), undefined],
    ["no tree", pdf("nothing"), undefined],
    ["packed in an unknown way", pdf("<</Type/ObjStm>> stream\nxxxx\nendstream"), undefined],
  ])("%s", async (_, bytes, pages) => {
    const path = join(files.path(), "a.pdf");
    await writeFile(path, bytes);
    expect(await pdfPages(path)).toBe(pages);
    await using prepared = await prepare(without, "document", path);
    expect(prepared.facts.pages).toBe(pages);
  });
});

test("ingest: what is kept is what was made of it", async () => {
  await using rig = await openIngestRig({ formats: without });
  const webp = await picture().webp().toBuffer();
  const media = await rig.take({ kind: "image", source: `data:image/webp;base64,${webp.toString("base64")}` });
  expect(media).toMatchObject({ mimeType: "image/jpeg", facts: { width: 300, height: 200 } });
  expect(await sharp(await readFile(rig.local.pathOf(media.sha256))).metadata()).toMatchObject({ format: "jpeg" });
  expect(rig.kept[0]).toMatchObject({ media: { mimeType: "image/jpeg" }, file: { sha256: media.sha256 } });
  expect(await rig.leftovers()).toEqual([]);
});
