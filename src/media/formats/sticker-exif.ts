import { createHash } from "node:crypto";

/** A chunk of a WebP: four letters, length, and bytes that are padded to an even number. */
interface Chunk {
  readonly name: string;
  readonly bytes: Buffer;
}

const hasExif = 0x08;
const hasAlpha = 0x10;

/**
 * The WebP with its publisher written into it, as phones show it below a sticker. Pictures in the simple form are put
 * into the extended one, which has room for it; former words of that kind are replaced. The picture itself is not
 * touched.
 */
export function withStickerAuthor(webp: Buffer, author: string): Buffer {
  const chunks = chunksOf(webp).filter(({ name }) => name !== "EXIF");
  const [first] = chunks;
  const extended = first?.name === "VP8X" ? chunks : [extensionOf(first), ...chunks];
  const [head, ...rest] = extended.map(({ name, bytes }): Chunk => ({ name, bytes: Buffer.from(bytes) }));
  if (head === undefined) return webp;
  head.bytes[0] = (head.bytes[0] ?? 0) | hasExif;
  const exif: Chunk = { name: "EXIF", bytes: exifOf(author) };
  // The order of the format: after the picture, before XMP.
  const at = rest.findIndex(({ name }) => name === "XMP ");
  return webpOf([head, ...rest.toSpliced(at === -1 ? rest.length : at, 0, exif)]);
}

function chunksOf(webp: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 12; at + 8 <= webp.length;) {
    const length = webp.readUInt32LE(at + 4);
    chunks.push({ name: webp.toString("latin1", at, at + 4), bytes: webp.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length % 2);
  }
  return chunks;
}

function webpOf(chunks: readonly Chunk[]): Buffer {
  const parts = chunks.flatMap(({ name, bytes }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [Buffer.from(name, "latin1"), length, bytes, Buffer.alloc(bytes.length % 2)];
  });
  const body = Buffer.concat([Buffer.from("WEBP", "latin1"), ...parts]);
  const head = Buffer.alloc(8);
  head.write("RIFF", "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** The head of the extended form: flags, and the sides of the picture as 24-bit numbers less one. */
function extensionOf(picture: Chunk | undefined): Chunk {
  const { width, height, alpha } = sidesOf(picture);
  const bytes = Buffer.alloc(10);
  bytes[0] = alpha ? hasAlpha : 0;
  bytes.writeUIntLE(width - 1, 4, 3);
  bytes.writeUIntLE(height - 1, 7, 3);
  return { name: "VP8X", bytes };
}

/** Out of the head of the picture: lossless ones pack everything into one number, lossy ones have no alpha here. */
function sidesOf(picture: Chunk | undefined): {
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
} {
  if (picture?.name === "VP8L" && picture.bytes.length >= 5) {
    const packed = picture.bytes.readUInt32LE(1);
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1, alpha: ((packed >>> 28) & 1) === 1 };
  }
  if (picture?.name === "VP8 " && picture.bytes.length >= 10) {
    const { bytes } = picture;
    return { width: bytes.readUInt16LE(6) & 0x3fff, height: bytes.readUInt16LE(8) & 0x3fff, alpha: false };
  }
  throw new Error("this is no WebP picture");
}

/**
 * WhatsApp protocol: EXIF with a single entry, tag 0x5741, whose bytes are JSON about the pack that a sticker is from. The
 * same author is the same pack.
 */
function exifOf(author: string): Buffer {
  const id = createHash("sha256").update(author).digest("hex").slice(0, 32);
  const json = Buffer.from(
    JSON.stringify({ "sticker-pack-id": id, "sticker-pack-name": "", "sticker-pack-publisher": author, emojis: [] }),
  );
  const head = Buffer.alloc(22);
  head.write("II", "latin1");
  head.writeUInt16LE(42, 2);
  // The directory of entries begins here, and has one.
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(1, 8);
  head.writeUInt16LE(0x5741, 10);
  // Type: bytes without a meaning.
  head.writeUInt16LE(7, 12);
  head.writeUInt32LE(json.length, 14);
  // Where the bytes are: behind this entry.
  head.writeUInt32LE(head.length, 18);
  return Buffer.concat([head, json]);
}
