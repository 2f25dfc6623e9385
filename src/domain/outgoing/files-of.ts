import type { OutgoingFile } from "./files.ts";

/**
 * The files that a content holds, wherever they stand in it (header, card, list of a carousel…), in order and each once.
 * They are known by their shape: a new kind of content needs nothing here.
 */
export function filesOf(content: unknown): readonly OutgoingFile[] {
  const found = new Map<string, OutgoingFile>();
  // Contents come as JSON, so nothing in them is a part of itself.
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isFile(value)) found.set(value.mediaId, value);
    else for (const part of Object.values(value)) walk(part);
  };
  walk(content);
  return [...found.values()];
}

function isFile(value: object): value is OutgoingFile {
  return "mediaId" in value && typeof value.mediaId === "string" && "bytes" in value && "facts" in value;
}
