import { open, type FileHandle } from "node:fs/promises";
import { readAt } from "../types/read-at.ts";

/** What the header of an MP4 or QuickTime file says. */
export interface Mp4Facts {
  readonly durationMs: number;
  /** As shown: a phone's film that is turned by its matrix has its sides exchanged already. 0 without a picture. */
  readonly width: number;
  readonly height: number;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Four letters of the picture's codec (`avc1`, `hvc1`…). */
  readonly videoCodec?: string;
  readonly audioCodec?: string;
}

/** A header larger than this is not read: an hour of film has about a megabyte. */
const maxMoovBytes = 32 * 1_048_576;
/** Boxes at the top of a file; fragmented files have many, and their header comes first. */
const maxTopBoxes = 1_000;

/** Reads the header of an MP4, M4A or QuickTime file; undefined when there is none. */
export async function readMp4(path: string): Promise<Mp4Facts | undefined> {
  await using file = await open(path, "r");
  const moov = await findMoov(file, (await file.stat()).size);
  return moov === undefined ? undefined : factsOf(moov);
}

async function findMoov(file: FileHandle, size: number): Promise<Buffer | undefined> {
  let at = 0;
  for (let box = 0; box < maxTopBoxes && at + 8 <= size; box += 1) {
    const header = await readAt(file, at, 16);
    if (header.length < 8) return undefined;
    const short = header.readUInt32BE(0);
    const long = short === 1 && header.length === 16 ? Number(header.readBigUInt64BE(8)) : short;
    const length = short === 0 ? size - at : long;
    const headerBytes = short === 1 ? 16 : 8;
    if (length < headerBytes) return undefined;
    if (header.toString("latin1", 4, 8) === "moov") {
      return length > maxMoovBytes ? undefined : readAt(file, at + headerBytes, length - headerBytes);
    }
    at += length;
  }
  return undefined;
}

interface Track {
  readonly handler: string;
  readonly codec?: string;
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
}

function factsOf(moov: Buffer): Mp4Facts {
  const tracks = boxes(moov)
    .filter(({ type }) => type === "trak")
    .map(({ body }) => trackOf(body));
  const video = tracks.find(({ handler }) => handler === "vide");
  const audio = tracks.find(({ handler }) => handler === "soun");
  const movie = find(moov, "mvhd");
  const durationMs =
    (movie === undefined ? 0 : durationOf(movie)) || Math.max(0, ...tracks.map((one) => one.durationMs));
  return {
    durationMs,
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    hasVideo: video !== undefined,
    hasAudio: audio !== undefined,
    ...(video?.codec === undefined ? {} : { videoCodec: video.codec }),
    ...(audio?.codec === undefined ? {} : { audioCodec: audio.codec }),
  };
}

function trackOf(trak: Buffer): Track {
  const [header, media] = [find(trak, "tkhd"), find(trak, "mdia")];
  const handler = media === undefined ? undefined : find(media, "hdlr");
  const mediaHeader = media === undefined ? undefined : find(media, "mdhd");
  const descriptions = media === undefined ? undefined : findPath(media, ["minf", "stbl", "stsd"]);
  const codec =
    descriptions !== undefined && descriptions.length >= 16 ? descriptions.toString("latin1", 12, 16) : undefined;
  return {
    handler: handler === undefined || handler.length < 12 ? "" : handler.toString("latin1", 8, 12),
    ...(codec === undefined ? {} : { codec }),
    ...(header === undefined ? { width: 0, height: 0 } : sizeOf(header)),
    durationMs: mediaHeader === undefined ? 0 : durationOf(mediaHeader),
  };
}

/** ISO 14496-12, 8.3.2: a 3×3 matrix and then width and height as 16.16 numbers end the track header. */
function sizeOf(tkhd: Buffer): { readonly width: number; readonly height: number } {
  if (tkhd.length < 84) return { width: 0, height: 0 };
  const matrix = tkhd.length - 8 - 36;
  const [width, height] = [tkhd.readUInt32BE(tkhd.length - 8) >>> 16, tkhd.readUInt32BE(tkhd.length - 4) >>> 16];
  const isTurned = tkhd.readInt32BE(matrix) === 0 && tkhd.readInt32BE(matrix + 4) !== 0;
  return isTurned ? { width: height, height: width } : { width, height };
}

/** ISO 14496-12, 8.2.2 and 8.4.2: times of 32 bits in version 0, of 64 in version 1; the scale stands before the length. */
function durationOf(header: Buffer): number {
  const version = header[0];
  if (header.length < (version === 1 ? 32 : 20)) return 0;
  const scale = header.readUInt32BE(version === 1 ? 20 : 12);
  const length = version === 1 ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
  const isUnknown = version === 1 ? length > Number.MAX_SAFE_INTEGER : length === 0xff_ff_ff_ff;
  return scale === 0 || isUnknown ? 0 : Math.round((length * 1_000) / scale);
}

function boxes(parent: Buffer): readonly { readonly type: string; readonly body: Buffer }[] {
  const found: { type: string; body: Buffer }[] = [];
  for (let at = 0; at + 8 <= parent.length;) {
    const size = parent.readUInt32BE(at);
    const length = size === 0 ? parent.length - at : size;
    if (length < 8) break;
    found.push({ type: parent.toString("latin1", at + 4, at + 8), body: parent.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
}

function find(parent: Buffer, type: string): Buffer | undefined {
  return boxes(parent).find((box) => box.type === type)?.body;
}

function findPath(parent: Buffer, path: readonly string[]): Buffer | undefined {
  return path.reduce<Buffer | undefined>((box, type) => (box === undefined ? undefined : find(box, type)), parent);
}
