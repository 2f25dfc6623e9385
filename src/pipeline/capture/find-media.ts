import { proto } from "@whiskeysockets/baileys";
import type { CapturedMedia } from "#domain/captured.ts";
import { contextInfoOf } from "./convert-content.ts";
import { unwrap } from "./unwrap.ts";

/** What a download needs of one file. */
interface DownloadableFile {
  readonly url?: string | null;
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly mimetype?: string | null;
  readonly fileSha256?: Uint8Array | null;
  readonly fileEncSha256?: Uint8Array | null;
}

/** Thumbnails come inside their messages. */
type DownloadableKind = Exclude<CapturedMedia["kind"], "thumbnail">;

/** Where one file of a message is: with WhatsApp's media servers, or inside the message. */
export type MediaSource =
  | { readonly kind: "download"; readonly type: DownloadableKind; readonly file: DownloadableFile }
  | { readonly kind: "inline"; readonly bytes: Uint8Array };

/** Finds the file that a captured event names by `part` in the stored message (encoded `WebMessageInfo`). */
export function findMedia(encoded: Uint8Array, part: string): MediaSource | undefined {
  return sourceIn(proto.WebMessageInfo.decode(encoded), part);
}

/** The stored message after its phone has uploaded that file again; undefined when it names no such file. */
export function moveMedia(
  encoded: Uint8Array,
  moved: { readonly part: string; readonly directPath: string; readonly url: string },
): Uint8Array | undefined {
  const { part, directPath, url } = moved;
  const info = proto.WebMessageInfo.decode(encoded);
  const source = sourceIn(info, part);
  if (source?.kind !== "download") return undefined;
  // The file is a part of `info`, which nobody else has.
  Object.assign(source.file, { directPath, url });
  return proto.WebMessageInfo.encode(info).finish();
}

function sourceIn(info: proto.WebMessageInfo, part: string): MediaSource | undefined {
  if (!info.message) return undefined;
  const { message } = unwrap(info.message);
  if (part === "main") return mainFile(message);
  if (part === "thumbnail") return thumbnail(message);
  if (part === "header") return headerFile(headerOf(message));
  if (part === "status") return headerFile(contextInfoOf(message)?.quotedMessage);
  const card = /^card-(\d+)$/.exec(part)?.[1];
  const cards = interactiveOf(message)?.carouselMessage?.cards;
  return card === undefined ? undefined : headerFile(cards?.[Number(card)]?.header);
}

interface Files {
  readonly imageMessage?: DownloadableFile | null;
  readonly videoMessage?: DownloadableFile | null;
  readonly documentMessage?: DownloadableFile | null;
}

function mainFile(message: proto.IMessage): MediaSource | undefined {
  if (message.ptvMessage) return download("ptv", message.ptvMessage);
  if (message.audioMessage) return download("audio", message.audioMessage);
  if (message.stickerMessage) return download("sticker", message.stickerMessage);
  const product = message.productMessage?.product?.productImage;
  return product ? download("image", product) : headerFile(message);
}

function headerFile(files: Files | null | undefined): MediaSource | undefined {
  if (files?.imageMessage) return download("image", files.imageMessage);
  if (files?.videoMessage) return download("video", files.videoMessage);
  return files?.documentMessage ? download("document", files.documentMessage) : undefined;
}

function headerOf(message: proto.IMessage): Files | null | undefined {
  const template = message.templateMessage;
  return (
    message.buttonsMessage ??
    template?.hydratedTemplate ??
    template?.hydratedFourRowTemplate ??
    interactiveOf(message)?.header
  );
}

function interactiveOf(message: proto.IMessage): proto.Message.IInteractiveMessage | null | undefined {
  return message.interactiveMessage ?? message.templateMessage?.interactiveMessageTemplate;
}

function thumbnail(message: proto.IMessage): MediaSource | undefined {
  const bytes =
    message.extendedTextMessage?.jpegThumbnail ??
    message.groupInviteMessage?.jpegThumbnail ??
    message.documentMessage?.jpegThumbnail ??
    message.locationMessage?.jpegThumbnail ??
    message.orderMessage?.thumbnail;
  return bytes && bytes.length > 0 ? { kind: "inline", bytes } : undefined;
}

function download(type: DownloadableKind, file: DownloadableFile): MediaSource {
  return { kind: "download", type, file };
}
