import type { MediaRow } from "#store/media.ts";
import { fileNameFor } from "../file-name.ts";
import { baseType, extensionOfType, groupOf, isMimeType } from "../types/file-type.ts";

/** Where the files of an instance are served. */
export const mediaPrefix = "/media";

/** Path of a file; the extension is for people and programs that look at it, the id alone counts. */
export function mediaPath(row: {
  readonly instanceId: string;
  readonly mediaId: string;
  readonly mimeType: string;
}): string {
  const extension = extensionOfType(row.mimeType) ?? "bin";
  return `${mediaPrefix}/${encodeURIComponent(row.instanceId)}/${row.mediaId}.${extension}`;
}

/** What a path names; undefined when it is none of ours. */
export function parseMediaPath(path: string): { readonly instanceId: string; readonly mediaId: string } | undefined {
  const found = /^\/media\/([\w.%-]{1,200})\/([0-9a-f]{32})(?:\.\w{1,10})?$/.exec(path);
  const [, instance, mediaId] = found ?? [];
  if (instance === undefined || mediaId === undefined) return undefined;
  try {
    return { instanceId: decodeURIComponent(instance), mediaId };
  } catch {
    return undefined;
  }
}

/** How a file is to be presented: as what, and whether a browser may show it. */
export function lookOf(row: MediaRow): { readonly contentType: string; readonly disposition: string } {
  const contentType = contentTypeOf(row);
  const how = shown.has(baseType(contentType)) ? "inline" : "attachment";
  return { contentType, disposition: dispositionOf(how, fileNameFor(row.fileName, contentType, row.mediaId)) };
}

/**
 * The sender's word counts only where it fits the content: whoever sends `text/html` as a picture must not get it
 * shown as a page of this host.
 */
function contentTypeOf({ mimeType, file }: MediaRow): string {
  const found = file?.mimeType ?? "application/octet-stream";
  if (!isMimeType(mimeType)) return found;
  const isRefined =
    baseType(mimeType) === baseType(found) || (groupOf(found) === "document" && groupOf(mimeType) === "document");
  return isRefined && baseType(mimeType) !== "text/html" ? mimeType : found;
}

/** What browsers show without running anything. */
const shown: ReadonlySet<string> = new Set([
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "image/avif",
  "video/mp4",
  "video/webm",
  "video/3gpp",
  "audio/mpeg",
  "audio/ogg",
  "audio/mp4",
  "audio/aac",
  "audio/wav",
  "audio/amr",
  "application/pdf",
]);

/** RFC 6266: a plain name for old programs, the true one for the others. */
function dispositionOf(how: "inline" | "attachment", name: string): string {
  const plain = name.replaceAll(/[^\w.() -]/g, "_");
  if (plain === name) return `${how}; filename="${plain}"`;
  const escaped = encodeURIComponent(name).replaceAll(/['()*!]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return `${how}; filename="${plain}"; filename*=UTF-8''${escaped}`;
}
