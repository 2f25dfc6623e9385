import { rejected } from "../source/refusals.ts";
import { openImage, unreadable } from "./images.ts";
import { withStickerAuthor } from "./sticker-exif.ts";

/** A sticker as phones take it. */
export interface Sticker {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  readonly isAnimated: boolean;
}

const side = 512;
/** WhatsApp refuses larger ones. */
const maxBytes = { still: 100_000, animated: 500_000 } as const;
const qualities = [80, 60, 40, 20, 5] as const;
/** Longer animations are cut: each frame is unpacked in memory. */
const maxFrames = 200;

/**
 * A WebP of 512 dots a side with transparent margins, animated when the source is; `author` is shown as its publisher.
 * Throws `media_rejected` when it cannot be made small enough.
 */
export async function makeSticker(source: string | Buffer, author?: string): Promise<Sticker> {
  const frames = await framesOf(source);
  const isAnimated = frames > 1;
  const limit = isAnimated ? maxBytes.animated : maxBytes.still;
  for (const quality of qualities) {
    const picture = await encode(source, { isAnimated, quality });
    const bytes = author === undefined ? picture : withStickerAuthor(picture, author);
    if (bytes.length <= limit) return { bytes, width: side, height: side, isAnimated };
  }
  throw rejected(`the sticker cannot be made smaller than ${limit / 1_000} kB`, { details: { maxBytes: limit } });
}

async function framesOf(source: string | Buffer): Promise<number> {
  try {
    return (await openImage(source).metadata()).pages ?? 1;
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
