import { prepareWAMessageMedia, type proto } from "@whiskeysockets/baileys";
import type { LiveSocket } from "../live-socket.ts";

/** How WhatsApp keeps files: the kind decides about the keys and the place. */
export type UploadKind = "image" | "video" | "audio" | "document" | "sticker";

/** Where an uploaded file is and how it is opened; channels have no keys. */
export type UploadedFile = Pick<
  proto.Message.IDocumentMessage,
  "url" | "directPath" | "mediaKey" | "mediaKeyTimestamp" | "fileSha256" | "fileEncSha256" | "fileLength"
>;

/** An upload of which nothing moves for this long is given up, milliseconds. */
export const uploadIdleMs = 60_000;

/**
 * Encrypts a file of this disk and brings it to WhatsApp, as a stream both times; in between it lies encrypted in the
 * directory for temporary files. Throws what Baileys throws when no host takes it.
 */
export async function uploadFile(
  { sock }: Pick<LiveSocket, "sock">,
  input: { readonly path: string; readonly kind: UploadKind; readonly jid: string },
): Promise<UploadedFile> {
  const { path, kind, jid } = input;
  const message = await prepareWAMessageMedia(medium(kind, path), {
    upload: sock.waUploadToServer,
    jid,
    mediaUploadTimeoutMs: uploadIdleMs,
  });
  const part =
    message.imageMessage ??
    message.videoMessage ??
    message.audioMessage ??
    message.documentMessage ??
    message.stickerMessage ??
    {};
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = part[field];
      return value === null || value === undefined || isEmpty(value) ? [] : [[field, value]];
    }),
  );
}

const fields = [
  "url",
  "directPath",
  "mediaKey",
  "mediaKeyTimestamp",
  "fileSha256",
  "fileEncSha256",
  "fileLength",
] as const satisfies readonly (keyof UploadedFile)[];

/** Protobuf's defaults: what a channel's file does not have reads as nothing at all. */
function isEmpty(value: unknown): boolean {
  return value === "" || value === 0 || (value instanceof Uint8Array && value.length === 0);
}

/** The file with empty facts in place of those that Baileys would otherwise read the whole file for. */
function medium(kind: UploadKind, path: string): Parameters<typeof prepareWAMessageMedia>[0] {
  const file = { url: path };
  switch (kind) {
    case "image":
      return { image: file, jpegThumbnail: "" };
    case "video":
      return { video: file, jpegThumbnail: "" };
    case "audio":
      return { audio: file, seconds: 0 };
    case "document":
      return { document: file, mimetype: "application/octet-stream" };
    case "sticker":
      return { sticker: file };
  }
}
