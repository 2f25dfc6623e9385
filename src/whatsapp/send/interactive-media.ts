import { prepareWAMessageMedia, type AnyMediaMessageContent, type proto } from "@whiskeysockets/baileys";
import type { OutgoingFile } from "#domain/outgoing/files.ts";
import type { InteractiveHeader } from "#domain/outgoing/interactive.ts";
import type { PayloadDeps, PayloadInput } from "./payload.ts";

/** A file above a text or on a card. */
export interface HeaderFile {
  readonly media: "image" | "video" | "document";
  readonly file: OutgoingFile;
}

/** The file as part of a message. */
export type HeaderMessage = Pick<proto.IMessage, "imageMessage" | "videoMessage" | "documentMessage">;

/** Uploads the file of a header. Throws what `OutgoingFiles.open` and the upload throw. */
export async function uploadHeader(
  deps: PayloadDeps,
  input: Pick<PayloadInput<unknown>, "instanceId" | "socket" | "jid"> & HeaderFile,
  signal: AbortSignal,
): Promise<HeaderMessage> {
  const { instanceId, socket, jid, media, file: asked } = input;
  const { path, file } = await deps.files.open({ instanceId, kind: media, file: asked }, signal);
  const uploaded = await prepareWAMessageMedia(contentOf(media, path, file), {
    jid,
    upload: socket.sock.waUploadToServer,
    logger: socket.sock.logger,
  });
  const { imageMessage, videoMessage, documentMessage } = uploaded;
  for (const message of [imageMessage, videoMessage]) {
    if (message && file.facts.thumbnail === undefined) message.jpegThumbnail = null;
  }
  if (imageMessage) return { imageMessage };
  if (videoMessage) return { videoMessage };
  return { documentMessage: documentMessage ?? null };
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

function contentOf(media: HeaderFile["media"], path: string, file: OutgoingFile): AnyMediaMessageContent {
  const { width, height, durationMs, thumbnail } = file.facts;
  const common = {
    mimetype: file.mimeType,
    // Unset, Baileys would try to make one itself.
    jpegThumbnail: thumbnail ?? "",
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
  const url = { url: path };
  switch (media) {
    case "image":
      return { image: url, ...common };
    case "video":
      return { video: url, ...common, ...(durationMs !== undefined && { seconds: Math.round(durationMs / 1000) }) };
    case "document":
      return {
        document: url,
        mimetype: file.mimeType,
        ...(file.fileName !== undefined && { fileName: file.fileName }),
      };
  }
}
