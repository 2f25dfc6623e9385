import type { OutgoingContent } from "#domain/content.ts";
import { filesOf } from "#domain/outgoing/files-of.ts";

/** Slower than the slowest line that files are sent over; encrypting and uploading each take their part of it. */
const bytesPerMs = 50;
/** Of every file: questions in front of it, and connections. */
const fixedMs = 30_000;
/** For a file that has to be fetched first: its size is not known yet. */
const remoteMs = 30 * 60_000;

/** How long the files of a message may take to get to WhatsApp, milliseconds; 0 without files. */
export function fileTravelMs(content: OutgoingContent): number {
  if ("file" in content && "url" in content.file) return remoteMs;
  return filesOf(content).reduce((sum, { bytes }) => sum + fixedMs + bytes / bytesPerMs, 0);
}
