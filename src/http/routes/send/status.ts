import { z } from "zod";

import { messageId } from "#http/schemas.ts";

import type { StatusStyle } from "#domain/content.ts";

import { sendRoute } from "../send-kind.ts";
import type { SendRoute } from "../send-kind.ts";
import { caption, captioned, fileSource, isAsync, takeFile } from "./file-source.ts";
import { lineBreaks } from "./words.ts";

/** Z-API's limit for films in a status. */
const maxStatusVideoBytes = 10 * 1_048_576;

const colour = z
  .string()
  .regex(/^(?:#[0-9a-f]{6}|#[0-9a-f]{8}|0x[0-9a-f]{8})$/i, { error: "expected #RRGGBB, #AARRGGBB or 0xAARRGGBB" })
  .transform((text) => {
    const digits = text.replace(/^(?:#|0x)/i, "");
    return Number.parseInt(digits.length === 6 ? `FF${digits}` : digits, 16);
  })
  .optional()
  .meta({ description: "Colour behind it: `#RRGGBB`, or with opacity `0xAARRGGBB`", examples: ["#1F7AEC"] });

const font = z
  .number()
  .transform((given) => Math.min(5, Math.max(0, Math.trunc(given))))
  .optional()
  .meta({ description: "One of six fonts, 0 to 5" });

const words = z.string().min(1).max(65_536).meta({ description: "Text; `%0a` and `\\r\\n` are line breaks too" });

const statusMessageId = messageId.meta({ description: "Id of the status, out of its webhook" });

/** An answer is a message to the author that quotes the status. */
const answers = {
  options: (body: { readonly statusMessageId: string }) => ({ replyTo: body.statusMessageId, repliesToStatus: true }),
} as const;

/** Posts that everybody who may sees for a day, and answers to those of others. */
export const statusRoutes: readonly SendRoute[] = [
  sendRoute({
    id: "sendTextStatus",
    path: "/send-text-status",
    summary: "Post a text as status",
    to: "status",
    body: z.object({ message: words, backgroundColor: colour, font }),
    aliases: { text: "message" },
    content: ({ body }) => ({ kind: "text", text: lineBreaks(body.message), ...styled(body) }),
  }),
  sendRoute({
    id: "sendImageStatus",
    path: "/send-image-status",
    summary: "Post a picture as status",
    to: "status",
    body: z.object({ image: fileSource, caption, async: isAsync }),
    content: async ({ body }, context) => ({
      kind: "image",
      file: await takeFile(context, { kind: "image", source: body.image, async: body.async }),
      ...captioned(body),
    }),
  }),
  sendRoute({
    id: "sendVideoStatus",
    path: "/send-video-status",
    summary: "Post a video of at most 10 MB as status",
    to: "status",
    body: z.object({ video: fileSource, caption, async: isAsync }),
    content: async ({ body }, context) => ({
      kind: "video",
      file: await takeFile(context, {
        kind: "video",
        source: body.video,
        async: body.async,
        maxBytes: maxStatusVideoBytes,
      }),
      ...captioned(body),
    }),
  }),
  sendRoute({
    id: "sendAudioStatus",
    path: "/send-audio-status",
    summary: "Post a voice note as status",
    to: "status",
    body: z.object({ audio: fileSource, backgroundColor: colour, async: isAsync }),
    content: async ({ body }, context) => ({
      kind: "audio",
      file: await takeFile(context, { kind: "audio", source: body.audio, async: body.async }),
      ...(body.backgroundColor !== undefined && { backgroundArgb: body.backgroundColor }),
    }),
  }),
  sendRoute({
    id: "replyStatusText",
    path: "/reply-status-text",
    summary: "Answer a status with a text",
    ...answers,
    body: z.object({ message: words, statusMessageId }),
    aliases: { text: "message" },
    content: ({ body }) => ({ kind: "text", text: lineBreaks(body.message) }),
  }),
  sendRoute({
    id: "replyStatusGif",
    path: "/reply-status-gif",
    summary: "Answer a status with a silent video that repeats",
    ...answers,
    body: z.object({ gif: fileSource, caption, statusMessageId, async: isAsync }),
    content: async ({ body }, context) => ({
      kind: "gif",
      file: await takeFile(context, { kind: "gif", source: body.gif, async: body.async }),
      ...captioned(body),
    }),
  }),
  sendRoute({
    id: "replyStatusSticker",
    path: "/reply-status-sticker",
    summary: "Answer a status with a sticker",
    ...answers,
    body: z.object({ sticker: fileSource, statusMessageId, async: isAsync }),
    content: async ({ body }, context) => ({
      kind: "sticker",
      file: await takeFile(context, { kind: "sticker", source: body.sticker, async: body.async }),
    }),
  }),
];

function styled(body: { readonly backgroundColor?: number | undefined; readonly font?: number | undefined }): {
  readonly style?: StatusStyle;
} {
  const style = {
    ...(body.backgroundColor !== undefined && { backgroundArgb: body.backgroundColor }),
    ...(body.font !== undefined && { font: body.font }),
  };
  return Object.keys(style).length === 0 ? {} : { style };
}
