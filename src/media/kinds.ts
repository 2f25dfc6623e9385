import type { FileGroup } from "./types/file-type.ts";

/** What a file handed in is for. */
export type IngestKind = "image" | "video" | "gif" | "ptv" | "audio" | "document" | "sticker" | "profilePicture";

/** What may be handed in for one purpose. */
interface KindRules {
  /** Contents that fit; empty: every content does. */
  readonly groups: readonly FileGroup[];
  readonly maxBytes: number;
}

const megabyte = 1_048_576;

/** Limits of a document, which WhatsApp takes up to two gigabytes; an operator may want less. */
export const defaultMaxDocumentBytes = 2_048 * megabyte;

/** What fits, and how large it may be (`maxBytes` of a document is the default). */
export const kindRules = {
  image: { groups: ["image"], maxBytes: 100 * megabyte },
  video: { groups: ["video"], maxBytes: 100 * megabyte },
  // Players show MP4 only; what comes as a GIF is converted.
  gif: { groups: ["video", "image"], maxBytes: 100 * megabyte },
  ptv: { groups: ["video"], maxBytes: 16 * megabyte },
  // The sound of a film is taken where a sound is wanted.
  audio: { groups: ["audio", "video"], maxBytes: 100 * megabyte },
  document: { groups: [], maxBytes: defaultMaxDocumentBytes },
  sticker: { groups: ["image"], maxBytes: 5 * megabyte },
  profilePicture: { groups: ["image"], maxBytes: 10 * megabyte },
} as const satisfies Record<IngestKind, KindRules>;
