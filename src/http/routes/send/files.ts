import { z } from "zod";

import { messageId } from "#http/schemas.ts";

import { WazapiError } from "#domain/errors.ts";
import type { DocumentCaptionContent, DocumentContent, FileContent } from "#domain/outgoing/files.ts";

import type { InstanceContext } from "#http/operation.ts";
import { contextFields, sendRoute } from "../send-kind.ts";
import type { SendRoute } from "../send-kind.ts";
import { caption, captioned, fileSource, isAsync, takeFile } from "./file-source.ts";
import { lineBreaks } from "./words.ts";

const viewOnce = z.boolean().optional().meta({ description: "May be opened once only" });

/** What every file route takes. */
const fields = contextFields.extend({ async: isAsync });

/** Z-API writes `viewOnce: false` into every request; that is no wish. */
function viewed(body: { readonly viewOnce?: boolean | undefined }): { readonly viewOnce?: true } {
  return body.viewOnce === true ? { viewOnce: true } : {};
}

const documentFields = fields.extend({
  document: fileSource.optional().meta({ description: "http(s) address or data URI; not needed for an edit" }),
  fileName: z.string().max(255).optional().meta({ description: "Name shown to the recipient" }),
  caption,
  editDocumentMessageId: messageId
    .optional()
    .meta({ description: "A document of yours whose caption this replaces; the file stays as it is" }),
});

async function document(
  context: InstanceContext,
  body: z.output<typeof documentFields>,
  extension?: string,
): Promise<DocumentContent | DocumentCaptionContent> {
  if (body.editDocumentMessageId !== undefined) {
    return { kind: "documentCaption", messageId: body.editDocumentMessageId, caption: lineBreaks(body.caption ?? "") };
  }
  if (body.document === undefined) {
    throw new WazapiError("invalid_request", {
      message: "document: is required",
      details: { field: "document" },
    });
  }
  const { fileName, async } = body;
  const file = await takeFile(context, { kind: "document", source: body.document, fileName, extension, async });
  return { kind: "document", file, ...captioned(body) };
}

/** The routes that send files, by kind. */
export const fileRoutes = {
  image: [
    sendRoute({
      id: "sendImage",
      path: "/send-image",
      summary: "Send a picture",
      body: fields.extend({ image: fileSource, caption, viewOnce }),
      content: async ({ body }, context) => ({
        kind: "image",
        file: await takeFile(context, { kind: "image", source: body.image, async: body.async }),
        ...captioned(body),
        ...viewed(body),
      }),
    }),
  ],
  video: [
    sendRoute({
      id: "sendVideo",
      path: "/send-video",
      summary: "Send a video",
      body: fields.extend({ video: fileSource, caption, viewOnce }),
      content: async ({ body }, context) => ({
        kind: "video",
        file: await takeFile(context, { kind: "video", source: body.video, async: body.async }),
        ...captioned(body),
        ...viewed(body),
      }),
    }),
  ],
  gif: [
    sendRoute({
      id: "sendGif",
      path: "/send-gif",
      summary: "Send a silent video that repeats: an MP4, or a GIF, which is converted",
      body: fields.extend({ gif: fileSource, caption, viewOnce }),
      content: async ({ body }, context) => ({
        kind: "gif",
        file: await takeFile(context, { kind: "gif", source: body.gif, async: body.async }),
        ...captioned(body),
        ...viewed(body),
      }),
    }),
  ],
  ptv: [
    sendRoute({
      id: "sendPtv",
      path: "/send-ptv",
      summary: "Send a round video note",
      body: fields.extend({ ptv: fileSource, viewOnce }),
      aliases: { video: "ptv" },
      content: async ({ body }, context) => ({
        kind: "ptv",
        file: await takeFile(context, { kind: "ptv", source: body.ptv, async: body.async }),
        ...viewed(body),
      }),
    }),
  ],
  audio: [
    sendRoute({
      id: "sendAudio",
      path: "/send-audio",
      summary: "Send a voice note; other sounds are converted to one",
      body: fields.extend({
        audio: fileSource,
        viewOnce,
        waveform: z.boolean().optional().meta({ description: "False: without the picture of the sound" }),
      }),
      content: async ({ body }, context) => ({
        kind: "audio",
        file: await takeFile(context, { kind: "audio", source: body.audio, async: body.async }),
        ...viewed(body),
        ...(body.waveform === false && { waveform: false }),
      }),
    }),
  ],
  sticker: [
    sendRoute({
      id: "sendSticker",
      path: "/send-sticker",
      summary: "Send a sticker; any picture is made one",
      body: fields.extend({
        sticker: fileSource,
        stickerAuthor: z.string().min(1).max(128).optional().meta({ description: "Shown as its publisher" }),
      }),
      content: async ({ body: { sticker, stickerAuthor, async } }, context) => ({
        kind: "sticker",
        file: await takeFile(context, { kind: "sticker", source: sticker, stickerAuthor, async }),
      }),
    }),
  ],
  document: [
    sendRoute({
      id: "sendDocument",
      path: "/send-document/{extension}",
      summary: "Send a file of this type, or change the caption of one",
      params: z.object({
        extension: z
          .string()
          .regex(/^[A-Za-z0-9]{1,16}$/, { error: "expected a file extension" })
          .meta({ description: "Extension of the file, e.g. `pdf`", examples: ["pdf"] }),
      }),
      body: documentFields,
      content: ({ body, params }, context) => document(context, body, params.extension),
    }),
    sendRoute({
      id: "sendDocumentOfAnyType",
      path: "/send-document",
      summary: "Send a file, whose type is found out, or change the caption of one",
      body: documentFields,
      content: ({ body }, context) => document(context, body),
    }),
  ],
} as const satisfies Record<FileContent["kind"], readonly SendRoute[]>;
