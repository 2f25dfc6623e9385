import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { withStickerAuthor } from "#media/formats/sticker-exif.ts";
import { makeSticker } from "#media/formats/sticker.ts";
import { frames, noise, picture, useFiles, without } from "./format-tools.ts";

const { prepare } = useFiles();

describe("stickers", () => {
  test("a still picture becomes WebP of 512 dots with transparent margins", async () => {
    await using prepared = await prepare(without, "sticker", await picture().png().toBuffer());
    expect(prepared).toMatchObject({
      facts: { width: 512, height: 512, isAnimated: false },
      replacement: { mimeType: "image/webp" },
    });
    const { data, info } = await sharp(await readFile(prepared.replacement!.path))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 512, height: 512, channels: 4 });
    expect(data[3]).toBe(0);
    expect(data[4 * (256 * 512 + 256) + 3]).toBe(255);
  });

  test.each([
    ["WebP", async () => (await frames(5)).webp({ loop: 0, delay: 100 }).toBuffer()],
    ["GIF", async () => (await frames(5)).gif({ delay: 100 }).toBuffer()],
  ])("an animated %s stays animated", async (_, make) => {
    await using prepared = await prepare(without, "sticker", await make());
    expect(prepared.facts.isAnimated).toBe(true);
    const made = await sharp(await readFile(prepared.replacement!.path)).metadata();
    expect(made).toMatchObject({ format: "webp", pages: 5, width: 512, delay: [100, 100, 100, 100, 100] });
  });

  const ofSide = (side: number) => sharp({ create: { width: side, height: side, channels: 4, background: "#2d2" } });
  const moving = async (side: number) => {
    const raw = Buffer.concat([0, 90, 180].map((shade) => Buffer.alloc(side * side * 4, shade)));
    return sharp(raw, { raw: { width: side, height: side * 3, channels: 4, pageHeight: side } });
  };
  test.each([
    ["still", async () => ofSide(512).webp({ quality: 100 }).toBuffer(), false],
    ["animated", async () => (await moving(512)).webp({ delay: 100 }).toBuffer(), true],
  ])("what is a sticker already keeps its bytes: %s", async (_, make, isAnimated) => {
    const source = await make();
    await using prepared = await prepare(without, "sticker", source);
    expect(prepared.replacement).toBeUndefined();
    expect(prepared.facts).toEqual({ width: 512, height: 512, isAnimated });
    const signed = await makeSticker(source, "Ana");
    // Behind the head, which tells of the words, come the bytes of the picture as they were.
    expect(signed.bytes.includes(source.subarray(-200))).toBe(true);
    expect(signed.bytes.length).toBeGreaterThan(source.length);
  });

  test.each([
    ["of another size", async () => ofSide(500).webp().toBuffer()],
    ["too large", async () => noise(512).webp({ lossless: true }).toBuffer()],
  ])("a WebP that is no sticker is made one: %s", async (_, make) => {
    const source = await make();
    await using prepared = await prepare(without, "sticker", source);
    const made = await readFile(prepared.replacement!.path);
    expect(await sharp(made).metadata()).toMatchObject({ format: "webp", width: 512, height: 512 });
    expect(made.length).toBeLessThanOrEqual(100_000);
  });

  test("a sticker that was cut off is refused", async () => {
    const source = await noise(512).webp({ quality: 5 }).toBuffer();
    const cut = source.subarray(0, source.length / 2);
    await expect(prepare(without, "sticker", cut)).rejects.toMatchObject({ code: "media_rejected" });
  });

  test.each([
    ["a photo", picture().jpeg()],
    ["a drawing", picture().png()],
    [
      "with words of another program",
      picture()
        .withExif({ IFD0: { Artist: "somebody" } })
        .png(),
    ],
  ])("the author is written beside a picture that stays as it is: %s", async (_, image) => {
    const source = await image.toBuffer();
    const plain = await makeSticker(source);
    const signed = await makeSticker(source, "Zoé & Co.");
    const exif = (await sharp(signed.bytes).metadata()).exif;
    expect(exif?.toString("latin1", 0, 4)).toBe("II*\0");
    const at = exif!.readUInt32LE(18);
    expect(JSON.parse(exif!.toString("utf8", at, at + exif!.readUInt32LE(14)))).toMatchObject({
      "sticker-pack-publisher": "Zoé & Co.",
    });
    const pixels = async (bytes: Buffer) => sharp(bytes).ensureAlpha().raw().toBuffer();
    expect((await pixels(signed.bytes)).equals(await pixels(plain.bytes))).toBe(true);
  });

  test.each([
    ["lossy", { quality: 80 }, 3],
    ["lossless", { lossless: true }, 3],
    ["lossless with alpha", { lossless: true }, 4],
    ["lossy with alpha", { quality: 80 }, 4],
  ] as const)("a WebP gets its author whatever its form: %s", async (_, options, channels) => {
    const background = channels === 4 ? { r: 9, g: 99, b: 199, alpha: 0.4 } : "teal";
    const image = sharp({ create: { width: 33, height: 21, channels, background } });
    const webp = await image.webp(options).toBuffer();
    const once = withStickerAuthor(webp, "first");
    const twice = withStickerAuthor(once, "second");
    const [before, after] = [await sharp(webp).metadata(), await sharp(twice).metadata()];
    expect(after).toMatchObject({ width: 33, height: 21, hasAlpha: before.hasAlpha });
    expect(after.exif?.toString("utf8")).toContain('"second"');
    expect(twice.includes('"first"')).toBe(false);
    expect(twice.readUInt32LE(4)).toBe(twice.length - 8);
    expect((await sharp(twice).raw().toBuffer()).equals(await sharp(webp).raw().toBuffer())).toBe(true);
  });

  test("an animation gets its author", async () => {
    const { bytes, isAnimated } = await makeSticker(await (await frames(3)).webp({ delay: 100 }).toBuffer(), "me");
    expect(isAnimated).toBe(true);
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 3, delay: [100, 100, 100] });
    expect((await sharp(bytes).metadata()).exif?.toString("utf8")).toContain('"me"');
  });

  test("noise is made small enough; what is too long is refused", async () => {
    await using prepared = await prepare(without, "sticker", await noise(512).png().toBuffer());
    expect((await readFile(prepared.replacement!.path)).length).toBeLessThanOrEqual(100_000);
    const long = await (await frames(201)).webp({ delay: 20, effort: 0 }).toBuffer();
    await expect(prepare(without, "sticker", long)).rejects.toMatchObject({ code: "media_rejected" });
  });
});
