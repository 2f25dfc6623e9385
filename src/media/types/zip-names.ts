import type { FileHandle } from "node:fs/promises";
import { readAt } from "./read-at.ts";

/** More of a directory than this is not read: what tells a format comes early. */
const maxDirectoryBytes = 1_048_576;
const endBytes = 22;
const maxCommentBytes = 65_535;

/** Names of the files in a ZIP, in the order of its directory; undefined when it has none that can be read. */
export async function zipNames(file: FileHandle, size: number): Promise<readonly string[] | undefined> {
  const tail = await readAt(file, Math.max(0, size - endBytes - maxCommentBytes), endBytes + maxCommentBytes);
  const end = tail.lastIndexOf(Buffer.from("504b0506", "hex"));
  if (end < 0 || end + endBytes > tail.length) return undefined;
  const offset = tail.readUInt32LE(end + 16);
  const length = Math.min(tail.readUInt32LE(end + 12), maxDirectoryBytes);
  if (offset >= size) return undefined;
  return [...namesIn(await readAt(file, offset, length))];
}

function* namesIn(directory: Buffer): Generator<string> {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02_01_4b_50;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    yield directory.toString("utf8", at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
}
