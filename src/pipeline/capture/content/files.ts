import type { proto } from "@whiskeysockets/baileys";
import type {
  CapturedDocument,
  CapturedHeader,
  CapturedImage,
  CapturedLocation,
  CapturedVideo,
} from "#domain/captured-content.ts";
import type { CapturedMedia } from "#domain/captured.ts";
import { numberOf } from "../numbers.ts";
import { type Converted, given, textOr } from "./converted.ts";

/** Files a header of a template, card or button message can have. */
export interface HeaderFiles {
  readonly imageMessage?: proto.Message.IImageMessage | null;
  readonly videoMessage?: proto.Message.IVideoMessage | null;
  readonly documentMessage?: proto.Message.IDocumentMessage | null;
  readonly locationMessage?: proto.Message.ILocationMessage | null;
}

/** A picture. */
export function imageOf(message: proto.Message.IImageMessage, viewOnce = false): CapturedImage {
  return {
    type: "image",
    mimeType: textOr(message.mimetype),
    caption: textOr(message.caption),
    width: numberOf(message.width),
    height: numberOf(message.height),
    viewOnce: viewOnce || message.viewOnce === true,
  };
}

/** A film or GIF. */
function videoOf(message: proto.Message.IVideoMessage, viewOnce = false): CapturedVideo {
  return {
    type: "video",
    mimeType: textOr(message.mimetype),
    caption: textOr(message.caption),
    seconds: numberOf(message.seconds),
    width: numberOf(message.width),
    height: numberOf(message.height),
    viewOnce: viewOnce || message.viewOnce === true,
    isGif: message.gifPlayback === true,
  };
}

/** A file. */
function documentOf(message: proto.Message.IDocumentMessage): CapturedDocument {
  return {
    type: "document",
    mimeType: textOr(message.mimetype),
    ...given("caption", message.caption),
    title: textOr(message.title),
    fileName: textOr(message.fileName ?? message.title),
    pageCount: numberOf(message.pageCount),
    ...(hasBytes(message.jpegThumbnail) ? { thumbnail: true } : {}),
  };
}

/** A place. */
function locationOf(message: proto.Message.ILocationMessage): CapturedLocation {
  return {
    type: "location",
    longitude: numberOf(message.degreesLongitude),
    latitude: numberOf(message.degreesLatitude),
    ...given("name", message.name),
    address: textOr(message.address),
    url: textOr(message.url),
    ...(hasBytes(message.jpegThumbnail) ? { thumbnail: true } : {}),
  };
}

/** A picture message. */
export function convertImage(message: proto.Message.IImageMessage, viewOnce: boolean): Converted {
  return { content: imageOf(message, viewOnce), media: [fileOf("image", message, "main")] };
}

/** A film message. */
export function convertVideo(message: proto.Message.IVideoMessage, viewOnce: boolean): Converted {
  return { content: videoOf(message, viewOnce), media: [fileOf("video", message, "main")] };
}

/** A round video note. */
export function convertPtv(message: proto.Message.IVideoMessage): Converted {
  const { mimeType, caption, width, height } = videoOf(message);
  return { content: { type: "ptv", mimeType, caption, width, height }, media: [fileOf("ptv", message, "main")] };
}

/** A sound or voice message. */
export function convertAudio(message: proto.Message.IAudioMessage, viewOnce: boolean): Converted {
  return {
    content: {
      type: "audio",
      mimeType: textOr(message.mimetype),
      seconds: numberOf(message.seconds),
      ptt: message.ptt === true,
      viewOnce: viewOnce || message.viewOnce === true,
    },
    media: [fileOf("audio", message, "main")],
  };
}

/** A file message. */
export function convertDocument(message: proto.Message.IDocumentMessage): Converted {
  const content = documentOf(message);
  return { content, media: [fileOf("document", message, "main"), ...thumbnailOf(message.jpegThumbnail)] };
}

/** A sticker. */
export function convertSticker(message: proto.Message.IStickerMessage): Converted {
  return {
    content: {
      type: "sticker",
      mimeType: textOr(message.mimetype),
      width: numberOf(message.width),
      height: numberOf(message.height),
      isAnimated: message.isAnimated === true || message.isLottie === true,
    },
    media: [fileOf("sticker", message, "main")],
  };
}

/** A place message. */
export function convertLocation(message: proto.Message.ILocationMessage): Converted {
  const media = thumbnailOf(message.jpegThumbnail);
  return { content: locationOf(message), ...(media.length === 0 ? {} : { media }) };
}

/** What stands above a template or card; its file gets the name `part`. */
export function headerOf(
  files: HeaderFiles | null | undefined,
  part: string,
): { readonly header: CapturedHeader; readonly media: readonly CapturedMedia[] } {
  if (files?.imageMessage) {
    return { header: imageOf(files.imageMessage), media: [fileOf("image", files.imageMessage, part)] };
  }
  if (files?.videoMessage) {
    return { header: videoOf(files.videoMessage), media: [fileOf("video", files.videoMessage, part)] };
  }
  if (files?.documentMessage) {
    const { thumbnail: _, ...header } = documentOf(files.documentMessage);
    return { header, media: [fileOf("document", files.documentMessage, part)] };
  }
  if (files?.locationMessage) {
    const { thumbnail: _, ...header } = locationOf(files.locationMessage);
    return { header, media: [] };
  }
  return { header: { type: "none" }, media: [] };
}

/** The reference to a file. */
export function fileOf(
  kind: CapturedMedia["kind"],
  message: {
    readonly mimetype?: string | null;
    readonly fileName?: string | null;
    readonly fileLength?: number | bigint | string | { low: number; high: number; unsigned: boolean } | null;
  },
  part: string,
): CapturedMedia {
  const bytes = numberOf(message.fileLength);
  return {
    part,
    kind,
    mimeType: textOr(message.mimetype),
    ...given("fileName", message.fileName),
    ...(bytes > 0 ? { bytes } : {}),
  };
}

/** The reference to a preview that travels inside the message. */
export function thumbnailOf(bytes: Uint8Array | null | undefined): readonly CapturedMedia[] {
  return hasBytes(bytes) ? [{ part: "thumbnail", kind: "thumbnail", mimeType: "image/jpeg", bytes: bytes.length }] : [];
}

function hasBytes(bytes: Uint8Array | null | undefined): bytes is Uint8Array {
  return bytes !== null && bytes !== undefined && bytes.length > 0;
}
