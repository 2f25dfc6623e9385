import type { proto } from "@whiskeysockets/baileys";
import type { OutgoingFile } from "#domain/outgoing/files.ts";
import type { InteractiveHeader } from "#domain/outgoing/interactive.ts";
import { uploadFile } from "./files-upload.ts";
import type { PayloadDeps, PayloadInput } from "./payload.ts";

/** A file above a text or on a card. */
export interface HeaderFile {
  readonly media: "image" | "video" | "document";
  readonly file: OutgoingFile;
}

/** The file as part of a message. */
export type HeaderMessage = Pick<proto.IMessage, "imageMessage" | "videoMessage" | "documentMessage">;

/**
 * Uploads the file of a header; `caption` and mentions are for one that is sent by itself. Throws what
 * `OutgoingFiles.open` and the upload throw.
 */
export async function uploadHeader(
  deps: PayloadDeps,
  input: Pick<PayloadInput<unknown>, "instanceId" | "socket" | "jid"> &
    HeaderFile & { readonly with?: { readonly caption: string; readonly contextInfo?: proto.IContextInfo } },
  signal: AbortSignal,
): Promise<HeaderMessage> {
  const { instanceId, socket, jid, media, file: asked } = input;
  const { path, file } = await deps.files.open({ instanceId, kind: media, file: asked }, signal);
  signal.throwIfAborted();
  const uploaded = await uploadFile(socket, { path, kind: media, jid });
  const { width, height, durationMs, thumbnail, pages } = file.facts;
  const common = {
    ...uploaded,
    mimetype: file.mimeType,
    ...(width !== undefined && height !== undefined && { width, height }),
    ...(thumbnail !== undefined && { jpegThumbnail: Buffer.from(thumbnail, "base64") }),
    ...input.with,
  };
  switch (media) {
    case "image":
      return { imageMessage: common };
    case "video":
      return {
        videoMessage: { ...common, ...(durationMs !== undefined && { seconds: Math.ceil(durationMs / 1000) }) },
      };
    case "document": {
      const fileName = file.fileName ?? "file";
      const pageCount = pages === undefined ? {} : { pageCount: pages };
      return { documentMessage: { ...common, ...pageCount, fileName, title: fileName } };
    }
  }
}

/** The header of an interactive message. */
export async function headerOf(
  deps: PayloadDeps,
  input: PayloadInput<unknown>,
  { header, signal }: { readonly header: InteractiveHeader; readonly signal: AbortSignal },
): Promise<proto.Message.InteractiveMessage.IHeader> {
  const title = header.title === undefined ? {} : { title: header.title };
  if (header.media === undefined) return { ...title, hasMediaAttachment: false };
  const { media, file } = header;
  return { ...title, ...(await uploadHeader(deps, { ...input, media, file }, signal)), hasMediaAttachment: true };
}
