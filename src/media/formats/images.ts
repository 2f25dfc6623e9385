import sharp, { type Sharp } from "sharp";
import { rejected } from "../source/refusals.ts";

/** A picture's sides as they are shown, turned as the camera says. */
export interface Sides {
  readonly width: number;
  readonly height: number;
}

/** More dots than this are not unpacked, however small the file is. */
const maxPixels = 100_000_000;
/** Phones draw thumbnails of this size; those of odd sizes they do not draw at all. */
const thumbnailSide = 72;
const thumbnailQuality = 70;
const photoQuality = 90;
/** WhatsApp shows no picture larger than this. */
const photoSide = 4_096;

// Every file is opened once under a name of its own: a cache would only keep it open after it was removed.
sharp.cache(false);

/** Opens a picture. Nothing is read before it is used. */
export function openImage(source: string | Buffer, options: { readonly animated?: boolean } = {}): Sharp {
  return sharp(source, { limitInputPixels: maxPixels, animated: options.animated ?? false, failOn: "error" });
}

/** Sides of a picture and how many pictures it holds. Throws `media_rejected` when it cannot be read. */
export async function imageFacts(source: string | Buffer): Promise<Sides & { readonly frames: number }> {
  try {
    const { autoOrient, pages } = await openImage(source).metadata();
    return { width: autoOrient.width, height: autoOrient.height, frames: pages ?? 1 };
  } catch (error) {
    throw unreadable(error);
  }
}

/** A small JPEG for the moment before the file is there. */
export async function thumbnailOf(source: string | Buffer): Promise<Uint8Array> {
  try {
    return await openImage(source)
      .autoOrient()
      .resize(thumbnailSide, thumbnailSide, { fit: "inside" })
      .flatten({ background: "white" })
      .jpeg({ quality: thumbnailQuality })
      .toBuffer();
  } catch (error) {
    throw unreadable(error);
  }
}

/** Writes a picture of any kind as JPEG, the first one of several. */
export async function writeJpeg(source: string | Buffer, path: string): Promise<Sides> {
  try {
    const { width, height } = await openImage(source)
      .autoOrient()
      .resize(photoSide, photoSide, { fit: "inside", withoutEnlargement: true })
      .flatten({ background: "white" })
      .jpeg({ quality: photoQuality })
      .toFile(path);
    return { width, height };
  } catch (error) {
    throw unreadable(error);
  }
}

/** The refusal of a picture whose content turned out to be damaged, huge, or of a kind that is not read here. */
export function unreadable(cause: unknown): Error {
  return rejected("the picture cannot be read: it is damaged, too large or of a kind that is not supported", { cause });
}
