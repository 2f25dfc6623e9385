import type { Bytes } from "./flow.ts";
import { rejected } from "./refusals.ts";

/** A file that stands in the text itself. */
interface InlineFile {
  readonly bytes: Bytes;
  readonly contentType?: string;
}

/** Letters decoded at once; a multiple of four. */
const pieceLetters = 65_536;

/** A `data:` URI; undefined when the text is none. Throws `media_rejected` for one that cannot be read. */
export function parseDataUri(text: string): InlineFile | undefined {
  const scheme = /^\s*data:/i.exec(text);
  if (scheme === null) return undefined;
  const comma = text.indexOf(",");
  // The head is short; without a comma near the beginning this is no data URI but a mistake.
  if (comma < 0 || comma > 1_024) throw rejected("the data URI has no comma before its content");
  const head = text.slice(scheme[0].length, comma);
  const parts = head.split(";").map((part) => part.trim());
  const isBase64 = parts.at(-1)?.toLowerCase() === "base64";
  const contentType = (isBase64 ? parts.slice(0, -1) : parts).join("; ");
  const bytes = isBase64 ? base64Pieces(text, comma + 1) : percentPieces(text.slice(comma + 1));
  return { bytes, ...(contentType === "" ? {} : { contentType }) };
}

/** A text that is base64 and nothing else. Throws `media_rejected` while its bytes are read when it is not. */
export function bareBase64(text: string): InlineFile {
  return { bytes: base64Pieces(text, 0) };
}

/** Decodes piece by piece, so that the text and its bytes are never both in memory as a whole. */
async function* base64Pieces(text: string, start: number): AsyncGenerator<Uint8Array> {
  let rest = "";
  let isOver = false;
  for (let at = start; at < text.length; at += pieceLetters) {
    // Mail programs break base64 into lines.
    const letters = rest + text.slice(at, at + pieceLetters).replace(/\s+/g, "");
    const whole = letters.length - (letters.length % 4);
    const piece = letters.slice(0, whole);
    rest = letters.slice(whole);
    if (piece === "") continue;
    if (isOver || !base64.test(piece)) throw rejected("the media is not valid base64");
    isOver = piece.endsWith("=");
    yield Buffer.from(piece, "base64");
  }
  if (rest === "") return;
  // Padding may be left out.
  if (isOver || rest.length === 1 || !base64.test(rest)) throw rejected("the media is not valid base64");
  yield Buffer.from(rest, "base64");
}

const base64 = /^[\w+/-]*={0,2}$/;

async function* percentPieces(text: string): AsyncGenerator<Uint8Array> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (error) {
    throw rejected("the data URI is not valid", { cause: error });
  }
  if (decoded !== "") yield Buffer.from(decoded, "utf8");
}
