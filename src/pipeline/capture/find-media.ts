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

/** Where one file of a message is: with WhatsApp's media servers, or inside the message. */
export type MediaSource =
  | { readonly kind: "download"; readonly type: CapturedMedia["kind"]; readonly file: DownloadableFile }
  | { readonly kind: "inline"; readonly bytes: Uint8Array };

/** Finds the file that a captured event names by `part` in the stored message (encoded `WebMessageInfo`). */
export function findMedia(encoded: Uint8Array, part: string): MediaSource | undefined {
  const info = proto.WebMessageInfo.decode(encoded);
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

function download(type: CapturedMedia["kind"], file: DownloadableFile): MediaSource {
  return { kind: "download", type, file };
}
