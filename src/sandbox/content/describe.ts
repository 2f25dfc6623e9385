import { getContentType, normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { MessageDescription, MessageMedia } from "../shown.ts";
import { messageToJson } from "./proto-json.ts";

/** What a message is, in the inbox's words. A kind without a word of its own is called by its protobuf field. */
export function describeMessage(message: proto.IMessage): MessageDescription {
  const inner = unwrap(message);
  const type = typeOf(inner);
  const text = textOf(inner);
  const media = mediaOf(inner);
  return {
    type,
    ...(text !== undefined && { text }),
    ...(media !== undefined && { media }),
    content: messageToJson(message),
  };
}

/** The message inside its wrappers (view once, disappearing, own device, caption, edit). */
export function unwrap(message: proto.IMessage): proto.IMessage {
  const inner = normalizeMessageContent(message) ?? message;
  const sent = inner.deviceSentMessage?.message;
  return sent ? unwrap(sent) : inner;
}

/** The media part of an unwrapped message and which kind of media it is. */
export function mediaPart(
  inner: proto.IMessage,
): { readonly kind: MediaMessageKind; readonly part: MediaPart } | undefined {
  for (const [field, kind] of mediaFields) {
    const part = inner[field];
    if (part) return { kind, part };
  }
  return undefined;
}

/** Kinds of media message as the inbox calls them. */
export type MediaMessageKind = "image" | "video" | "audio" | "document" | "sticker" | "ptv";

type MediaPart = proto.Message.IImageMessage & proto.Message.IDocumentMessage & proto.Message.IVideoMessage;

const mediaFields = [
  ["imageMessage", "image"],
  ["videoMessage", "video"],
  ["audioMessage", "audio"],
  ["documentMessage", "document"],
  ["stickerMessage", "sticker"],
  ["ptvMessage", "ptv"],
] as const satisfies readonly (readonly [keyof proto.IMessage, MediaMessageKind])[];

/** Fields whose word is not simply the field without `Message`. */
const words: Readonly<Partial<Record<keyof proto.IMessage, string>>> = {
  conversation: "text",
  extendedTextMessage: "text",
  contactsArrayMessage: "contacts",
  pollCreationMessage: "poll",
  pollCreationMessageV2: "poll",
  pollCreationMessageV3: "poll",
  pollCreationMessageV5: "poll",
  pollUpdateMessage: "pollVote",
  encEventResponseMessage: "eventResponse",
  encReactionMessage: "reaction",
  buttonsResponseMessage: "buttonReply",
  templateButtonReplyMessage: "buttonReply",
  listResponseMessage: "listReply",
  interactiveResponseMessage: "buttonReply",
  pinInChatMessage: "pin",
  keepInChatMessage: "keep",
};

function typeOf(inner: proto.IMessage): string {
  const protocol = inner.protocolMessage;
  if (protocol) return protocol.editedMessage ? "edit" : protocolWords(protocol);
  if (inner.secretEncryptedMessage?.secretEncType === EVENT_EDIT) return "eventEdit";
  const native = inner.interactiveResponseMessage?.nativeFlowResponseMessage?.name;
  if (native === "single_select" || native === "menu_options") return "listReply";
  const kind = getContentType(inner);
  if (kind === undefined) return "empty";
  return words[kind] ?? kind.replace(/Message(V\d)?$/, "");
}

const { Type } = proto.Message.ProtocolMessage;
const { EVENT_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType;

/** The protocol messages that people see the effect of. */
function protocolWords(protocol: proto.Message.IProtocolMessage): string {
  switch (protocol.type ?? Type.REVOKE) {
    case Type.REVOKE:
      return "revoke";
    case Type.EPHEMERAL_SETTING:
      return "ephemeralSetting";
    case Type.MESSAGE_EDIT:
      return "edit";
    default:
      return "protocol";
  }
}

function textOf(inner: proto.IMessage): string | undefined {
  const edited = inner.protocolMessage?.editedMessage;
  if (edited) return textOf(unwrap(edited));
  const found =
    inner.conversation ??
    inner.extendedTextMessage?.text ??
    mediaPart(inner)?.part.caption ??
    (inner.pollCreationMessage ?? inner.pollCreationMessageV2 ?? inner.pollCreationMessageV3)?.name ??
    inner.reactionMessage?.text ??
    inner.eventMessage?.name ??
    inner.contactMessage?.displayName ??
    inner.contactsArrayMessage?.displayName ??
    inner.locationMessage?.name ??
    inner.liveLocationMessage?.caption ??
    choiceText(inner) ??
    menuText(inner);
  return found ?? undefined;
}

function choiceText(inner: proto.IMessage): string | null | undefined {
  return (
    inner.buttonsResponseMessage?.selectedDisplayText ??
    inner.templateButtonReplyMessage?.selectedDisplayText ??
    inner.listResponseMessage?.title ??
    inner.interactiveResponseMessage?.body?.text
  );
}

function menuText(inner: proto.IMessage): string | null | undefined {
  return (
    inner.buttonsMessage?.contentText ??
    inner.listMessage?.description ??
    inner.templateMessage?.hydratedTemplate?.hydratedContentText ??
    inner.interactiveMessage?.body?.text ??
    inner.groupInviteMessage?.caption
  );
}

function mediaOf(inner: proto.IMessage): MessageMedia | undefined {
  const found = mediaPart(inner);
  if (found === undefined) return undefined;
  const { kind, part } = found;
  return {
    kind,
    ...(part.mimetype && { mimetype: part.mimetype }),
    ...(part.fileName && { fileName: part.fileName }),
    ...(part.caption && { caption: part.caption }),
    ...(part.fileLength !== undefined && part.fileLength !== null && { fileLength: Number(part.fileLength) }),
    ...(part.fileSha256 && { sha256: Buffer.from(part.fileSha256).toString("base64") }),
    ...(part.directPath && { directPath: part.directPath }),
  };
}
