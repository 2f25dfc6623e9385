import type { OutgoingContent } from "#domain/content.ts";

/** Slower than the slowest line that files are sent over; encrypting and uploading each take their part of it. */
const bytesPerMs = 50;
/** Of every file: questions in front of it, and connections. */
const fixedMs = 30_000;
/** For a file that has to be fetched first: its size is not known yet. */
const remoteMs = 30 * 60_000;

/** How long the files of a message may take to get to WhatsApp, milliseconds; 0 without files. */
export function fileTravelMs(content: OutgoingContent): number {
  return travelOf(content);
}

/** Files lie at different depths (headers, cards): they are found by their shape. */
function travelOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if ("mediaId" in value && "bytes" in value) return fixedMs + Number(value.bytes) / bytesPerMs;
  if ("file" in value && isRemote(value.file)) return remoteMs;
  return Object.values(value).reduce<number>((sum, part) => sum + travelOf(part), 0);
}

function isRemote(value: unknown): boolean {
  return typeof value === "object" && value !== null && "url" in value && !("mediaId" in value);
}
