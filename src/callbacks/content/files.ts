import { z } from "zod";
import type {
  CapturedDocument,
  CapturedHeader,
  CapturedImage,
  CapturedLocation,
  CapturedVideo,
} from "#domain/captured-content.ts";
import { defineContent, type RenderContext } from "../definition.ts";

const imageObject = z.object({
  imageUrl: z.string().nullable(),
  thumbnailUrl: z.string().nullable(),
  caption: z.string(),
  mimeType: z.string(),
  viewOnce: z.boolean(),
  width: z.int(),
  height: z.int(),
  downloadError: z.string().optional().describe("why there is no file"),
});

const videoObject = z.object({
  videoUrl: z.string().nullable(),
  caption: z.string(),
  mimeType: z.string(),
  width: z.int(),
  height: z.int(),
  seconds: z.int(),
  viewOnce: z.boolean(),
  isGif: z.boolean(),
});

const documentObject = z.object({
  caption: z.string().nullable(),
  documentUrl: z.string().nullable(),
  mimeType: z.string(),
  title: z.string(),
  pageCount: z.int(),
  fileName: z.string(),
  thumbnailUrl: z.string().optional(),
});

const locationObject = z.object({
  longitude: z.number(),
  latitude: z.number(),
  name: z.string().optional(),
  address: z.string(),
  url: z.string(),
  thumbnailUrl: z.string().optional(),
});

/** What stands above a template or a card: one of the four, or nothing. */
export const headerObject = z.object({
  image: imageObject.optional(),
  video: videoObject.optional(),
  document: documentObject.optional(),
  location: locationObject.optional(),
});

/** Renders a header whose file is `part`. */
export function renderHeader(
  header: CapturedHeader,
  part: string,
  context: RenderContext,
): z.input<typeof headerObject> {
  switch (header.type) {
    case "image":
      return { image: renderImage(header, part, context) };
    case "video":
      return { video: renderVideo(header, part, context) };
    case "document":
      return { document: renderDocument(header, part, context) };
    case "location":
      return { location: renderLocation(header, context) };
    case "none":
      return {};
  }
}

/** A picture. */
export const image = defineContent({
  content: "image",
  summary: "A picture",
  payload: z.object({ image: imageObject }),
  render: (content, context) => ({ image: renderImage(content, "main", context) }),
});

/** A sound or voice message. */
export const audio = defineContent({
  content: "audio",
  summary: "A sound or voice message",
  payload: z.object({
    audio: z.object({
      ptt: z.boolean().describe("recorded as a voice message"),
      seconds: z.int(),
      audioUrl: z.string().nullable(),
      mimeType: z.string(),
      viewOnce: z.boolean(),
    }),
  }),
  render: ({ ptt, seconds, mimeType, viewOnce }, { media }) => ({
    audio: { ptt, seconds, audioUrl: media("main")?.url ?? null, mimeType, viewOnce },
  }),
});

/** A film or GIF. */
export const video = defineContent({
  content: "video",
  summary: "A film or GIF",
  payload: z.object({ video: videoObject }),
  render: (content, context) => ({ video: renderVideo(content, "main", context) }),
});

/** A round video note. */
export const ptv = defineContent({
  content: "ptv",
  summary: "A round video note",
  payload: z.object({
    ptv: z.object({
      ptvUrl: z.string().nullable(),
      caption: z.string(),
      mimeType: z.string(),
      width: z.int(),
      height: z.int(),
    }),
  }),
  render: ({ caption, mimeType, width, height }, { media }) => ({
    ptv: { ptvUrl: media("main")?.url ?? null, caption, mimeType, width, height },
  }),
});

/** A file. */
export const document = defineContent({
  content: "document",
  summary: "A file",
  payload: z.object({ document: documentObject }),
  render: (content, context) => ({ document: renderDocument(content, "main", context) }),
});

/** A sticker. */
export const sticker = defineContent({
  content: "sticker",
  summary: "A sticker",
  payload: z.object({
    sticker: z.object({
      stickerUrl: z.string().nullable(),
      mimeType: z.string(),
      width: z.int(),
      height: z.int(),
      isAnimated: z.boolean(),
    }),
  }),
  render: ({ mimeType, width, height, isAnimated }, { media }) => ({
    sticker: { stickerUrl: media("main")?.url ?? null, mimeType, width, height, isAnimated },
  }),
});

/** A place. */
export const location = defineContent({
  content: "location",
  summary: "A place",
  payload: z.object({ location: locationObject }),
  render: (content, context) => ({ location: renderLocation(content, context) }),
});

function renderImage(content: CapturedImage, part: string, { media }: RenderContext): z.input<typeof imageObject> {
  const link = media(part);
  const url = link?.url ?? null;
  return {
    imageUrl: url,
    thumbnailUrl: link?.thumbnailUrl ?? url,
    caption: content.caption,
    mimeType: content.mimeType,
    viewOnce: content.viewOnce,
    width: content.width,
    height: content.height,
    ...(link?.error === undefined ? {} : { downloadError: link.error }),
  };
}

function renderVideo(content: CapturedVideo, part: string, { media }: RenderContext): z.input<typeof videoObject> {
  const { caption, mimeType, width, height, seconds, viewOnce, isGif } = content;
  return { videoUrl: media(part)?.url ?? null, caption, mimeType, width, height, seconds, viewOnce, isGif };
}

function renderDocument(
  content: CapturedDocument,
  part: string,
  { media }: RenderContext,
): z.input<typeof documentObject> {
  const thumbnailUrl = content.thumbnail === true ? media("thumbnail")?.url : undefined;
  return {
    caption: content.caption ?? null,
    documentUrl: media(part)?.url ?? null,
    mimeType: content.mimeType,
    title: content.title,
    pageCount: content.pageCount,
    fileName: content.fileName,
    ...(typeof thumbnailUrl === "string" ? { thumbnailUrl } : {}),
  };
}

function renderLocation(content: CapturedLocation, { media }: RenderContext): z.input<typeof locationObject> {
  const thumbnailUrl = content.thumbnail === true ? media("thumbnail")?.url : undefined;
  return {
    longitude: content.longitude,
    latitude: content.latitude,
    ...(content.name === undefined ? {} : { name: content.name }),
    address: content.address,
    url: content.url,
    ...(typeof thumbnailUrl === "string" ? { thumbnailUrl } : {}),
  };
}
