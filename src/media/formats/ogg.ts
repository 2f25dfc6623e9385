import { open } from "node:fs/promises";
import { readAt } from "../types/read-at.ts";

/** What an Ogg Opus file says of itself. */
export interface OpusFacts {
  readonly channels: number;
  readonly durationMs: number;
}

/** RFC 7845: positions count samples of 48 kHz, whatever the sound was recorded at. */
const opusRate = 48_000;
/** A page is at most this long, so the last one begins within. */
const maxPageBytes = 65_307;

/** Reads head and tail of an Ogg Opus file; undefined when it is none. */
export async function readOpus(path: string): Promise<OpusFacts | undefined> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const head = await readAt(file, 0, 256);
  const opus = head.indexOf("OpusHead");
  if (head.toString("latin1", 0, 4) !== "OggS" || opus < 0 || opus + 12 > head.length) return undefined;
  const tail = await readAt(file, Math.max(0, size - maxPageBytes), maxPageBytes);
  const page = tail.lastIndexOf("OggS");
  if (page < 0 || page + 14 > tail.length) return undefined;
  const samples = Number(tail.readBigInt64LE(page + 6)) - head.readUInt16LE(opus + 10);
  return { channels: head.readUInt8(opus + 9), durationMs: Math.max(0, Math.round((samples / opusRate) * 1_000)) };
}
