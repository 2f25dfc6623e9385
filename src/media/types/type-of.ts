import { type IngestKind, kindRules } from "../kinds.ts";
import { rejected } from "../source/refusals.ts";
import { baseType, type FileGroup, fileTypes, groupOf, isMimeType } from "./file-type.ts";

/** What speaks for the type of a file. */
export interface TypeHints {
  /** As its content says. */
  readonly found: string | undefined;
  /** As its extension says. */
  readonly named?: string | undefined;
  /** As whoever handed it over said. */
  readonly declared?: string;
}

/**
 * The type of a file for this purpose: what its content says counts, the rest only where content says little. Throws
 * `media_rejected` for a content that does not fit.
 */
export function typeOf(kind: IngestKind, { found, named, declared }: TypeHints): string {
  const hints = [named, declared].filter((hint) => hint !== undefined && isMimeType(hint) && isBelievable(hint, found));
  const type = found !== undefined && !vague.has(found) ? found : (hints[0] ?? found ?? "application/octet-stream");
  const { groups }: { readonly groups: readonly FileGroup[] } = kindRules[kind];
  if (groups.length === 0) return type;
  if (kind === "sticker" && groupOf(type) !== "image") throw rejected(`Unsupported sticker format: ${type}`);
  // A sound may begin with something no signature fits; a picture may not.
  const isSound = found === undefined && kind === "audio" && groupOf(type) === "audio";
  if (!isSound && (found === undefined || !groups.includes(groupOf(found)))) {
    throw rejected(`the media is no ${nouns[kind]}: its content is ${found ?? "unknown"}`, {
      details: { contentType: found ?? null },
    });
  }
  return type;
}

/** Contents that many types share: the name and the sender's word tell them apart. */
const vague: ReadonlySet<string> = new Set([
  "application/zip",
  "application/x-cfb",
  "application/xml",
  "application/gzip",
  "text/plain",
] satisfies (keyof typeof fileTypes)[]);

/** Not those that say nothing or make a browser run what is inside, nor those that the content would have shown. */
function isBelievable(hint: string, found: string | undefined): boolean {
  const base = baseType(hint);
  if (["text/html", "application/octet-stream", "binary/octet-stream"].includes(base)) return false;
  return found === undefined || vague.has(base) || !Object.hasOwn(fileTypes, base);
}

const nouns = {
  image: "picture",
  video: "video",
  gif: "video or GIF",
  ptv: "video",
  audio: "sound",
  document: "document",
  sticker: "picture",
  profilePicture: "picture",
} as const satisfies Record<IngestKind, string>;
