import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";

/** What the stanza of a message says of its content, in the clear. */
export interface StanzaKind {
  /** Of the message. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Of the ciphertext. */
  readonly enc: Readonly<Record<string, string>>;
}

/** WhatsApp protocol: kinds of content that the ciphertext names. A function looks at the content itself. */
const mediaTypes: Partial<Record<keyof proto.IMessage, string | ((content: proto.IMessage) => string)>> = {
  imageMessage: "image",
  videoMessage: ({ videoMessage }) => (videoMessage?.gifPlayback === true ? "gif" : "video"),
  ptvMessage: "ptv",
  audioMessage: ({ audioMessage }) => (audioMessage?.ptt === true ? "ptt" : "audio"),
  contactMessage: "vcard",
  documentMessage: "document",
  contactsArrayMessage: "contact_array",
  liveLocationMessage: "livelocation",
  stickerMessage: "sticker",
  listMessage: "list",
  listResponseMessage: "list_response",
  buttonsResponseMessage: "buttons_response",
  orderMessage: "order",
  productMessage: "product",
  interactiveResponseMessage: "native_flow_response",
  groupInviteMessage: "url",
};

const polls = ["pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3", "pollUpdateMessage"] as const;

/** WhatsApp protocol: `type` and `edit` of a message stanza, `mediatype` and `decrypt-fail` of its ciphertext. */
export function stanzaKind(message: proto.IMessage): StanzaKind {
  const content = normalizeMessageContent(message) ?? {};
  const [, mediaType] = Object.entries(mediaTypes).find(([name]) => isThere(content, name)) ?? [];
  const mediatype = typeof mediaType === "function" ? mediaType(content) : mediaType;
  const edit = editOf(content);
  const isHidden = isThere(content, "pinInChatMessage") || isThere(content, "reactionMessage");
  return {
    attrs: { type: typeOf(content, mediatype), ...(edit !== undefined && { edit }) },
    enc: { ...(mediatype !== undefined && { mediatype }), ...(isHidden && { "decrypt-fail": "hide" }) },
  };
}

function typeOf(content: proto.IMessage, mediatype: string | undefined): string {
  if (isThere(content, "reactionMessage") || isThere(content, "encReactionMessage")) return "reaction";
  if (polls.some((name) => isThere(content, name))) return "poll";
  if (isThere(content, "eventMessage") || isThere(content, "secretEncryptedMessage")) return "event";
  return mediatype === undefined ? "text" : "media";
}

/** WhatsApp protocol: 1 an edit, 2 a pin, 7 taken back by its author, 8 by an admin. */
function editOf(content: proto.IMessage): string | undefined {
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;
  const { protocolMessage, secretEncryptedMessage, pinInChatMessage } = content;
  if (protocolMessage?.type === REVOKE) return protocolMessage.key?.fromMe === false ? "8" : "7";
  if (protocolMessage?.type === MESSAGE_EDIT || secretEncryptedMessage) return "1";
  return pinInChatMessage ? "2" : undefined;
}

function isThere(content: proto.IMessage, name: string): boolean {
  const value: unknown = Reflect.get(content, name);
  return value !== null && value !== undefined;
}
