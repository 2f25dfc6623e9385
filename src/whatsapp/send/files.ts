import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import { randomBytes } from "node:crypto";
import { WazapiError } from "#domain/errors.ts";
import type { DocumentCaptionContent, FileContent, OutgoingFile } from "#domain/outgoing/files.ts";
import { uploadFile, type UploadedFile, type UploadKind } from "./files-upload.ts";
import { mentionContext } from "./mentions.ts";
import type { Payload, PayloadDeps, PayloadInput, PayloadTable } from "./payload.ts";

/** What a message is made of: the file where it is now, what is known of it, and what was asked for. */
interface Part<Content> {
  readonly uploaded: UploadedFile;
  readonly file: OutgoingFile;
  readonly content: Content;
  readonly contextInfo: proto.IContextInfo | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** How a kind goes over the wire. */
interface Form<Content> {
  readonly uploadedAs: UploadKind;
  readonly message: (part: Part<Content>) => proto.IMessage;
}

const forms: { readonly [Kind in FileContent["kind"]]: Form<Extract<FileContent, { readonly kind: Kind }>> } = {
  image: {
    uploadedAs: "image",
    message: (part) =>
      once(part.content, { imageMessage: { ...common(part), ...captionOf(part.content), ...viewed(part.content) } }),
  },
  video: { uploadedAs: "video", message: (part) => once(part.content, { videoMessage: film(part) }) },
  gif: {
    uploadedAs: "video",
    message: (part) => once(part.content, { videoMessage: { ...film(part), gifPlayback: true } }),
  },
  ptv: { uploadedAs: "video", message: (part) => once(part.content, { ptvMessage: film(part) }) },
  audio: { uploadedAs: "audio", message: sound },
  document: {
    uploadedAs: "document",
    message: (part) => ({
      documentMessage: {
        ...common(part),
        ...captionOf(part.content),
        fileName: part.file.fileName ?? unnamed,
        title: part.file.fileName ?? unnamed,
        ...(part.file.facts.pages === undefined ? {} : { pageCount: part.file.facts.pages }),
      },
    }),
  },
  sticker: {
    uploadedAs: "sticker",
    message: (part) => {
      const { jpegThumbnail: _none, ...fields } = common(part);
      return {
        stickerMessage: { ...fields, isAnimated: part.file.facts.isAnimated === true, stickerSentTs: part.now },
      };
    },
  },
};

/** Of a document that came without a name and is of no known type. */
const unnamed = "file";

/** How files become messages: everything they say was found out when they were taken in. */
export const filePayloads: PayloadTable<FileContent | DocumentCaptionContent> = {
  image: filePayload,
  video: filePayload,
  gif: filePayload,
  ptv: filePayload,
  audio: filePayload,
  document: filePayload,
  sticker: filePayload,
  documentCaption: captionPayload,
};

async function filePayload(deps: PayloadDeps, input: PayloadInput<FileContent>, signal: AbortSignal): Promise<Payload> {
  const { instanceId, socket, jid, content, options } = input;
  const { kind } = content;
  const opened = await deps.files.open({ instanceId, kind, file: content.file }, signal);
  signal.throwIfAborted();
  // The table pairs each kind with the form of its own content; for a kind known at run time only we can know that.
  const form = forms[kind] as Form<FileContent>;
  const uploaded = await uploadFile(socket, { path: opened.path, kind: form.uploadedAs, jid });
  const { file } = opened;
  return {
    message: {
      ...form.message({ uploaded, file, content, contextInfo: mentionContext(options), now: deps.clock.now() }),
      // WhatsApp protocol: what a recipient proves a report with.
      messageContextInfo: { messageSecret: randomBytes(32) },
    },
    // Baileys knows nothing of video notes, and would call them a text.
    attributes: { type: "media" },
  };
}

/** WhatsApp takes another caption as an edit that repeats the document. */
async function captionPayload(
  deps: PayloadDeps,
  { instanceId, jid, content }: PayloadInput<DocumentCaptionContent>,
): Promise<Payload> {
  const stored = await deps.messages.get({ instanceId, messageId: content.messageId });
  if (stored === undefined) throw new WazapiError("message_not_found", { message: "the document to edit is unknown" });
  const { message } = proto.WebMessageInfo.decode(stored.proto);
  // What another device of this account sent comes with a copy of itself around it.
  const documentMessage = normalizeMessageContent(message?.deviceSentMessage?.message ?? message)?.documentMessage;
  if (!stored.fromMe || !documentMessage) {
    throw new WazapiError("invalid_request", { message: "the message to edit is no document of this account" });
  }
  return {
    message: {
      protocolMessage: {
        key: { remoteJid: jid, fromMe: true, id: content.messageId },
        type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
        editedMessage: { documentMessage: { ...documentMessage, caption: content.caption } },
        timestampMs: deps.clock.now(),
      },
    },
    attributes: { edit: "1" },
  };
}

/** What every kind has. */
function common({ uploaded, file, contextInfo }: Part<unknown>) {
  const { width, height, thumbnail } = file.facts;
  return {
    ...uploaded,
    mimetype: file.mimeType,
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(thumbnail === undefined ? {} : { jpegThumbnail: Buffer.from(thumbnail, "base64") }),
    ...(contextInfo === undefined ? {} : { contextInfo }),
  };
}

type Film = Extract<FileContent, { readonly kind: "video" | "gif" | "ptv" }>;

function film(part: Part<Film>): proto.Message.IVideoMessage {
  const { content, file } = part;
  return {
    ...common(part),
    ...(file.facts.durationMs === undefined ? {} : { seconds: wholeSeconds(file.facts.durationMs) }),
    ...("caption" in content ? captionOf(content) : {}),
    ...viewed(content),
  };
}

function sound(part: Part<Extract<FileContent, { readonly kind: "audio" }>>): proto.IMessage {
  const { content, file } = part;
  const { durationMs, waveform, isVoice } = file.facts;
  const { jpegThumbnail: _none, width: _width, height: _height, ...fields } = common(part);
  const audioMessage = {
    ...fields,
    seconds: wholeSeconds(durationMs ?? 0),
    ptt: isVoice === true,
    ...(waveform === undefined || content.waveform === false ? {} : { waveform: Buffer.from(waveform, "base64") }),
    ...(content.backgroundArgb === undefined ? {} : { backgroundArgb: content.backgroundArgb }),
    ...viewed(content),
  };
  // WhatsApp protocol: sounds came to "view once" later than pictures, and have a wrapper of their own.
  return content.viewOnce === true ? { viewOnceMessageV2Extension: { message: { audioMessage } } } : { audioMessage };
}

interface ViewOnce {
  readonly viewOnce?: boolean;
}

function once({ viewOnce }: ViewOnce, message: proto.IMessage): proto.IMessage {
  return viewOnce === true ? { viewOnceMessage: { message } } : message;
}

/** Beside the wrapper the part itself says it; phones look at both. */
function viewed({ viewOnce }: ViewOnce): ViewOnce {
  return viewOnce === true ? { viewOnce } : {};
}

function captionOf({ caption }: { readonly caption?: string }): { readonly caption?: string } {
  return caption === undefined || caption === "" ? {} : { caption };
}

/** Phones show no length at all for 0. */
function wholeSeconds(ms: number): number {
  return ms > 0 ? Math.max(1, Math.round(ms / 1000)) : 0;
}
