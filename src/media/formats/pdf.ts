import { readFile, stat } from "node:fs/promises";
import { inflateSync } from "node:zlib";

/** Larger files are not looked into: the number of pages is a courtesy. */
const maxBytes = 32 * 1_048_576;
/** A packed part of a PDF larger than this is none that lists pages. */
const maxPartBytes = 4 * 1_048_576;
/** Letters before and after the type of a node that may belong to it. */
const maxDictionary = 65_536;

/** How many pages a PDF has; undefined when that cannot be told cheaply (large, encrypted, damaged). */
export async function pdfPages(path: string): Promise<number | undefined> {
  if ((await stat(path)).size > maxBytes) return undefined;
  const bytes = await readFile(path);
  const text = bytes.toString("latin1");
  if (/\/Encrypt\s+\d+\s+\d+\s+R/.test(text)) return undefined;
  const counts = [text, ...objectStreams(bytes, text)].flatMap(countsIn);
  // The root of the tree of pages counts them all; the other nodes count their part.
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/** ISO 32000, 7.7.3.2: nodes of the tree of pages are dictionaries of the type Pages with a Count. */
function countsIn(text: string): readonly number[] {
  return [...text.matchAll(/\/Type\s*\/Pages\b/g)].flatMap((found) => {
    const dictionary = text.slice(dictionaryStart(text, found.index), dictionaryEnd(text, found.index));
    const count = /\/Count\s+(\d{1,7})\b/.exec(dictionary)?.[1];
    return count === undefined ? [] : [Number(count)];
  });
}

/** The `<<` that opens the dictionary around `at`. */
function dictionaryStart(text: string, at: number): number {
  const limit = Math.max(0, at - maxDictionary);
  for (let position = at - 2, depth = 1; position >= limit; position -= 1) {
    const pair = text.slice(position, position + 2);
    if (pair === ">>") depth += 1;
    else if (pair === "<<") depth -= 1;
    else continue;
    if (depth === 0) return position;
    position -= 1;
  }
  return limit;
}

/** The `>>` that closes the dictionary around `at`; inner dictionaries are passed over. */
function dictionaryEnd(text: string, at: number): number {
  const limit = Math.min(text.length, at + maxDictionary);
  for (let position = at, depth = 1; position < limit; position += 1) {
    const pair = text.slice(position, position + 2);
    if (pair === "<<") depth += 1;
    else if (pair === ">>") depth -= 1;
    else continue;
    if (depth === 0) return position;
    position += 1;
  }
  return limit;
}

/** ISO 32000, 7.5.7: since PDF 1.5 objects may be packed together. */
function* objectStreams(bytes: Buffer, text: string): Generator<string> {
  for (const found of text.matchAll(/\/Type\s*\/ObjStm\b/g)) {
    const start = /stream\r?\n/g;
    start.lastIndex = found.index;
    const begun = start.exec(text);
    if (begun === null || begun.index - found.index > 2_048) continue;
    const from = begun.index + begun[0].length;
    const end = text.indexOf("endstream", from);
    if (end < 0) continue;
    try {
      yield inflateSync(bytes.subarray(from, end), { maxOutputLength: maxPartBytes }).toString("latin1");
    } catch {
      // Packed in another way, or damaged: then the pages are not counted.
    }
  }
}
