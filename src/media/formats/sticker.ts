import { readFile } from "node:fs/promises";
import { rejected } from "../source/refusals.ts";
import { openImage, unreadable } from "./images.ts";
import { withStickerAuthor } from "./sticker-exif.ts";

/** A sticker as phones take it. */
export interface Sticker {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  readonly isAnimated: boolean;
  /** It was a sticker already: these are the bytes that came. */
  readonly isUnchanged: boolean;
}

const side = 512;
/** WhatsApp refuses larger ones. */
const maxBytes = { still: 100_000, animated: 500_000 } as const;
const qualities = [80, 60, 40, 20, 5] as const;
/** Longer animations are cut: each frame is unpacked in memory. */
const maxFrames = 200;

/**
 * A WebP of 512 dots a side with transparent margins, animated when the source is; `author` is shown as its publisher.
 * What is one already is not encoded again.
 * Throws `media_rejected` when it cannot be made small enough.
 */
export async function makeSticker(source: string | Buffer, author?: string): Promise<Sticker> {
  const { isAnimated, isSticker } = await look(source);
  const limit = isAnimated ? maxBytes.animated : maxBytes.still;
  const signed = (picture: Buffer): Buffer => (author === undefined ? picture : withStickerAuthor(picture, author));
  if (isSticker) {
    const given = typeof source === "string" ? await readFile(source) : source;
    const bytes = signed(given);
    if (bytes.length <= limit) {
      return { bytes, width: side, height: side, isAnimated, isUnchanged: author === undefined };
    }
  }
  for (const quality of qualities) {
    const bytes = signed(await encode(source, { isAnimated, quality }));
    if (bytes.length <= limit) return { bytes, width: side, height: side, isAnimated, isUnchanged: false };
  }
  throw rejected(`the sticker cannot be made smaller than ${limit / 1_000} kB`, { details: { maxBytes: limit } });
}

/** Whether it moves, and whether it is a whole WebP of the right size. */
async function look(source: string | Buffer): Promise<{ readonly isAnimated: boolean; readonly isSticker: boolean }> {
  try {
    const { format, width, height, pages = 1, orientation = 1 } = await openImage(source).metadata();
    const isAnimated = pages > 1;
    const isSticker = format === "webp" && width === side && height === side && orientation === 1;
    // Only unpacking shows that it is whole.
    if (isSticker) await openImage(source, { animated: isAnimated }).stats();
    return { isAnimated, isSticker };
  } catch (error) {
    throw unreadable(error);
  }
}

async function encode(
  source: string | Buffer,
  how: { readonly isAnimated: boolean; readonly quality: number },
): Promise<Buffer> {
  try {
    const image = openImage(source, { animated: how.isAnimated });
    // Turning one frame of many would tear them apart; animations carry no camera position anyway.
    const upright = how.isAnimated ? image : image.autoOrient();
    return await upright
      .resize(side, side, { fit: "contain", background: { r: 0, g: 0, b: 0, alpha: 0 } })
      .webp({ quality: how.quality, effort: how.isAnimated ? 2 : 4, ...(how.isAnimated ? { loop: 0 } : {}) })
      .toBuffer();
  } catch (error) {
    throw unreadable(error);
  }
}

/** Whether an animation is short enough to be converted here. */
export function isShortEnough(frames: number): boolean {
  return frames <= maxFrames;
}
