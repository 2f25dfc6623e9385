import type { OutgoingFile } from "#domain/outgoing/files.ts";

/** What could not be made of the files of a message, if anything; they may lie at any depth of its content. */
export function warningOf(content: unknown): string | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  if (isFile(content)) return content.degraded;
  return Object.values(content)
    .map(warningOf)
    .find((found) => found !== undefined);
}

function isFile(value: object): value is OutgoingFile {
  return "mediaId" in value && "mimeType" in value;
}
