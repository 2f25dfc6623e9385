import type { FileType } from "./file-type.ts";

/** As many bytes from the beginning tell every type that the beginning can tell. */
export const sniffBytes = 4_096;

/** The type that the beginning of a file shows; undefined when it shows none. ZIP, MP4 and CFB need a closer look. */
export function sniffHead(head: Uint8Array): FileType | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const found = signatures.find(([offset, signature]) =>
    bytes.subarray(offset, offset + signature.length).equals(signature),
  )?.[2];
  if (found !== undefined) return found;
  const tag = latin(bytes, 0, 4);
  if (tag === "RIFF") return riffTypes[latin(bytes, 8, 12)];
  if (tag === "FORM") return latin(bytes, 8, 11) === "AIF" ? "audio/aiff" : undefined;
  if (tag === "OggS") return oggType(bytes);
  if (bytes.subarray(0, 4).equals(ebml)) return matroskaType(bytes);
  if (latin(bytes, 4, 8) === "ftyp") return brandType(bytes);
  if (quicktimeAtoms.has(latin(bytes, 4, 8))) return "video/quicktime";
  if (isMpegAudio(bytes)) return (bytes.readUInt8(1) & 0x06) === 0 ? "audio/aac" : "audio/mpeg";
  if (bytes.length > 376 && bytes[0] === 0x47 && bytes[188] === 0x47 && bytes[376] === 0x47) return "video/mp2t";
  if (bytes.subarray(0, 1_024).includes("%PDF-")) return "application/pdf";
  return textType(bytes);
}

const signatures: readonly (readonly [offset: number, signature: Buffer, type: FileType])[] = (
  [
    [0, "ffd8ff", "image/jpeg"],
    [0, "89504e470d0a1a0a", "image/png"],
    [0, "474946383761", "image/gif"],
    [0, "474946383961", "image/gif"],
    [0, "49492a00", "image/tiff"],
    [0, "4d4d002a", "image/tiff"],
    [0, "00000100", "image/x-icon"],
    [0, "664c6143", "audio/flac"],
    [0, "494433", "audio/mpeg"],
    [0, "2321414d52", "audio/amr"],
    [0, "000001ba", "video/mpeg"],
    [0, "000001b3", "video/mpeg"],
    [0, "464c5601", "video/x-flv"],
    [0, "3026b2758e66cf11", "video/x-ms-asf"],
    [0, "504b0304", "application/zip"],
    [0, "504b0506", "application/zip"],
    [0, "d0cf11e0a1b11ae1", "application/x-cfb"],
    [0, "526172211a07", "application/vnd.rar"],
    [0, "377abcaf271c", "application/x-7z-compressed"],
    [0, "1f8b08", "application/gzip"],
    [0, "7b5c727466", "application/rtf"],
  ] as const
).map(([offset, hex, type]) => [offset, Buffer.from(hex, "hex"), type]);

const riffTypes: Readonly<Record<string, FileType>> = {
  WEBP: "image/webp",
  WAVE: "audio/wav",
  "AVI ": "video/x-msvideo",
};

/** The first packet of the first stream names the codec. */
function oggType(bytes: Buffer): FileType {
  const start = bytes.subarray(0, 128);
  if (start.includes("OpusHead")) return "audio/ogg; codecs=opus";
  return start.includes("theora") ? "video/ogg" : "audio/ogg";
}

const ebml = Buffer.from("1a45dfa3", "hex");

function matroskaType(bytes: Buffer): FileType {
  if (!bytes.subarray(0, 64).includes("webm")) return "video/x-matroska";
  // Codec ids stand in the tracks, which WebM writers put near the beginning.
  return bytes.includes("A_") && !bytes.includes("V_") ? "audio/webm" : "video/webm";
}

const brands: Readonly<Record<string, FileType>> = {
  heic: "image/heic",
  heix: "image/heic",
  heim: "image/heic",
  hevc: "image/heic",
  mif1: "image/heic",
  msf1: "image/heic",
  avif: "image/avif",
  avis: "image/avif",
  "qt  ": "video/quicktime",
  "M4A ": "audio/mp4",
  "M4B ": "audio/mp4",
  "F4A ": "audio/mp4",
};

function brandType(bytes: Buffer): FileType {
  const brand = latin(bytes, 8, 12);
  const size = Math.min(bytes.readUInt32BE(0), 64);
  const compatible = latin(bytes, 16, size);
  if ((brand === "mif1" || brand === "msf1") && compatible.includes("avif")) return "image/avif";
  return brands[brand] ?? (/^3g[pr2]/.test(brand) ? "video/3gpp" : "video/mp4");
}

/** QuickTime files of old have no brand and begin with one of these. */
const quicktimeAtoms: ReadonlySet<string> = new Set(["moov", "mdat", "wide", "pnot", "skip"]);

/** A frame header with a valid version, layer, bit rate and sampling rate; ADTS frames share its beginning. */
function isMpegAudio(bytes: Buffer): boolean {
  if (bytes.length < 4 || bytes[0] !== 0xff) return false;
  const [second, third] = [bytes.readUInt8(1), bytes.readUInt8(2)];
  if ((second & 0xf6) === 0xf0) return (third & 0x3c) >> 2 < 13;
  const hasVersion = (second & 0xe0) === 0xe0 && (second & 0x18) !== 0x08 && (second & 0x06) !== 0;
  return hasVersion && third >> 4 !== 0xf && third >> 4 !== 0 && (third & 0x0c) !== 0x0c;
}

function textType(bytes: Buffer): FileType | undefined {
  if (bytes.length === 0) return undefined;
  const text = textOf(bytes);
  if (text === undefined)
    return bytes.length >= 14 && latin(bytes, 0, 2) === "BM" && isBitmap(bytes) ? "image/bmp" : undefined;
  const start = text.trimStart().slice(0, 1_024).toLowerCase();
  if (start.startsWith("begin:vcard")) return "text/vcard";
  // Comments and declarations may come first.
  const markup = start.replace(/^(?:<\?xml[^>]*\?>|<!--.*?-->|\s)+/s, "");
  if (/^<(?:!doctype html|html|head|body|script|title|meta|iframe|h1|div|p|table|a|br)\b/.test(markup))
    return "text/html";
  if (/^(?:<!doctype svg[^>]*>\s*)?<svg\b/.test(markup)) return "image/svg+xml";
  if (start.startsWith("<?xml")) return "application/xml";
  if (/^[[{]/.test(start) && isJsonStart(start)) return "application/json";
  return "text/plain";
}

function isJsonStart(start: string): boolean {
  return /^(?:\{\s*(?:"|\}|$)|\[\s*(?:[[{"\]\-0-9tfn]|$))/.test(start);
}

/** The header names its own size and a known length of its second part. */
function isBitmap(bytes: Buffer): boolean {
  return bytes.length >= 18 && [12, 40, 52, 56, 64, 108, 124].includes(bytes.readUInt32LE(14));
}

/** The bytes as text, when they are one: UTF-8, or UTF-16 with a mark, without control characters. */
function textOf(bytes: Buffer): string | undefined {
  if (latin(bytes, 0, 2) === "\xff\xfe") return bytes.subarray(2).toString("utf16le");
  // The last character may be cut.
  const text = bytes.toString("utf8").replace(/\uFFFD{1,3}$/, "");
  // eslint-disable-next-line no-control-regex -- control characters are what tells binary data from text
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) || tooManyStrange(text)
    ? undefined
    : text.replace(/^\uFEFF/, "");
}

/** Latin-1 texts are texts too: a few unreadable characters are accents, many are data. */
function tooManyStrange(text: string): boolean {
  return (text.match(/\uFFFD/g)?.length ?? 0) > text.length / 10;
}

function latin(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
}
