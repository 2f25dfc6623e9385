import { z } from "zod";
import type { ContentOf, ContentType } from "#domain/captured-content.ts";
import type { CapturedMessage } from "#domain/captured.ts";
import { contents } from "./contents.ts";
import { type ContentDefinition, defineCallback, type RenderContext } from "./definition.ts";
import { chatLid, sceneFields, sceneOf } from "./envelope.ts";

const externalAdReply = z.object({
  title: z.string(),
  body: z.string(),
  mediaType: z.int().describe("0 none, 1 image, 2 video"),
  thumbnailUrl: z.string(),
  sourceType: z.string(),
  sourceId: z.string(),
  ctwaClid: z.string().optional(),
  sourceUrl: z.string(),
  containsAutoReply: z.boolean(),
  renderLargerThumbnail: z.boolean(),
  showAdAttribution: z.boolean(),
  ref: z.string().optional(),
  sourceApp: z.string().optional(),
  mediaUrl: z.string().optional(),
  originalImageUrl: z.string().optional(),
  greetingMessage: z.string().optional(),
  ctaPayload: z.string().optional(),
});

const adClick = z.object({
  payload: z.string().optional().describe("WhatsApp's ctwaPayload, base64"),
  signals: z.string().optional().describe("ctwaSignals"),
  source: z.string().optional().describe("conversionSource"),
  data: z.string().optional().describe("conversionData, base64"),
  entryPoint: z.string().optional().describe("entryPointConversionSource"),
  entryApp: z.string().optional().describe("entryPointConversionApp"),
});

const statusImage = z.object({
  imageUrl: z.string().nullable(),
  thumbnailUrl: z.string().nullable(),
  caption: z.string(),
  mimetype: z.string(),
  viewOnce: z.boolean(),
  width: z.int(),
  height: z.int(),
});

const envelope = z.object({
  isStatusReply: z.boolean().describe("the quoted message is a status post"),
  chatLid: z.string().nullable().describe("<digits>@lid of the 1:1 chat"),
  ...sceneFields,
  waitingMessage: z.literal(false),
  isEdit: z.boolean(),
  editMessageId: z.string().optional().describe("id of the message whose content this replaces"),
  messageId: z.string(),
  status: z.enum(["RECEIVED", "SENT"]),
  broadcastRecipients: z.array(z.string()).optional(),
  referenceMessageId: z.string().optional().describe("id of the quoted message"),
  messageExpirationSeconds: z.int().optional(),
  externalAdReply: externalAdReply.optional(),
  contentType: z
    .string()
    .optional()
    .describe("what it is, where no documented field says that: album, callLog, limitSharing, comment, richResponse…"),
  adClick: adClick.optional().describe("the message came by a click on an advertisement"),
  parentMessageId: z.string().optional().describe("id of the message this one is a part or a twin of"),
  parentType: z.string().optional().describe("album, hd (the same file in better quality), or WhatsApp's word"),
  statusImage: statusImage.optional(),
  mentioned: z.array(z.string()).optional(),
  forwarded: z.boolean(),
  fromApi: z.boolean(),
});

/** Schema of a message with one kind of content. */
export function messageSchema(content: ContentType): z.ZodObject {
  return envelope.extend(contents[content].payload.shape);
}

/** A message with content, in either direction. */
export const receivedMessage = defineCallback({
  kind: "message",
  type: "ReceivedCallback",
  summary: "A message was received, or sent by the connected account",
  payload: z.looseObject(envelope.shape),
  render: (captured, context) => ({
    isStatusReply: captured.isStatusReply,
    chatLid: chatLid(captured.chat),
    ...sceneOf(captured, context.instanceId),
    waitingMessage: false as const,
    isEdit: captured.isEdit,
    ...(captured.editedMessageId === undefined ? {} : { editMessageId: captured.editedMessageId }),
    messageId: captured.messageId,
    status: captured.fromApi ? ("SENT" as const) : ("RECEIVED" as const),
    ...(captured.broadcastRecipients === undefined ? {} : { broadcastRecipients: [...captured.broadcastRecipients] }),
    ...(captured.quotedMessageId === undefined ? {} : { referenceMessageId: captured.quotedMessageId }),
    ...(captured.expirationSeconds === undefined ? {} : { messageExpirationSeconds: captured.expirationSeconds }),
    ...(captured.externalAdReply === undefined ? {} : { externalAdReply: captured.externalAdReply }),
    ...(captured.contentType === undefined ? {} : { contentType: captured.contentType }),
    ...(captured.adClick === undefined ? {} : { adClick: captured.adClick }),
    ...(captured.parent === undefined
      ? {}
      : { parentMessageId: captured.parent.messageId, parentType: captured.parent.relation }),
    ...(captured.mentioned === undefined ? {} : { mentioned: [...captured.mentioned] }),
    forwarded: captured.forwarded,
    fromApi: captured.fromApi,
    ...quotedStatus(captured, context),
    ...contentOf(captured, context),
  }),
});

function quotedStatus(captured: CapturedMessage, context: RenderContext) {
  const { quotedStatus: quoted } = captured;
  if (quoted === undefined) return {};
  const link = context.media("status");
  const { caption, mimeType, viewOnce, width, height } = quoted;
  const url = link?.url ?? null;
  return {
    statusImage: {
      imageUrl: url,
      thumbnailUrl: link?.thumbnailUrl ?? url,
      caption,
      mimetype: mimeType,
      viewOnce,
      width,
      height,
    },
  };
}

function contentOf(captured: CapturedMessage, context: RenderContext): Record<string, unknown> {
  return renderContent(captured.content, context);
}

function renderContent<T extends ContentType>(content: ContentOf<T>, context: RenderContext): Record<string, unknown> {
  // The table is complete by type and its key is the content's own name, so the entry takes this very content.
  const definition = contents[content.type] as unknown as ContentDefinition<T, z.ZodObject>;
  return definition.render(content, context);
}
