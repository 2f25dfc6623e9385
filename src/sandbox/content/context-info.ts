import { getContentType, normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { ContentOptions } from "../content-body.ts";
import type { ContentContext } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import { findMessage } from "./find-message.ts";

/** Puts reply, forwarding, mentions and expiration into the message; answers the same message when there are none. */
export function applyOptions(
  message: proto.IMessage,
  options: ContentOptions,
  context: ContentContext,
): proto.IMessage {
  const info = contextInfo(options, context);
  if (info === undefined) return message;
  if (typeof message.conversation === "string") {
    // WhatsApp protocol: a plain conversation has no room for context.
    const { conversation, ...rest } = message;
    return { ...rest, extendedTextMessage: { text: conversation, contextInfo: info } };
  }
  const inner = normalizeMessageContent(message) ?? message;
  const kind = getContentType(inner);
  const body: unknown = kind === undefined ? undefined : inner[kind];
  if (typeof body !== "object" || body === null || !carriesContext(kind)) {
    const given = Object.entries(options).find(([key, value]) => optionNames.has(key) && value !== undefined);
    throw new SandboxError("invalid", `${given?.[0]} does not go with this content`);
  }
  const carrier = body as { contextInfo?: proto.IContextInfo | null };
  // The message was built for this call alone (or parsed from its body), so it may be completed in place.
  carrier.contextInfo = { ...carrier.contextInfo, ...info };
  return message;
}

const optionNames = new Set<string>([
  "reply",
  "forwarded",
  "mentions",
  "expiration",
] satisfies (keyof ContentOptions)[]);

function contextInfo(options: ContentOptions, context: ContentContext): proto.IContextInfo | undefined {
  const { reply, forwarded, mentions, expiration } = options;
  const info: proto.IContextInfo = {
    ...(reply !== undefined && quote(reply, context)),
    ...(forwarded === true && { isForwarded: true, forwardingScore: 1 }),
    ...(mentions !== undefined && mentions.length > 0 && { mentionedJid: mentions.map(context.jidOf) }),
    ...(expiration !== undefined && expiration > 0 && { expiration }),
  };
  return Object.keys(info).length === 0 ? undefined : info;
}

/** WhatsApp protocol: a reply carries the id, the author and a copy of what it answers, without that copy's context. */
export function quote(messageId: string, context: ContentContext): proto.IContextInfo {
  const known = findMessage(messageId, context);
  const quoted = proto.Message.decode(proto.Message.encode(normalizeMessageContent(known.message) ?? {}).finish());
  const kind = getContentType(quoted);
  const body: unknown = kind === undefined ? undefined : quoted[kind];
  if (typeof body === "object" && body !== null && "contextInfo" in body) delete body.contextInfo;
  delete quoted.messageContextInfo;
  return {
    stanzaId: messageId,
    participant: known.authorJid,
    quotedMessage: quoted,
    ...(known.key.remoteJid !== context.chatJid && { remoteJid: known.key.remoteJid }),
  };
}

/** Whether the protocol gives this kind of message a place for context. */
function carriesContext(kind: keyof proto.IMessage | undefined): boolean {
  return kind !== undefined && !contextless.has(kind);
}

const contextless = new Set<keyof proto.IMessage>([
  "reactionMessage",
  "encReactionMessage",
  "protocolMessage",
  "pollUpdateMessage",
  "encEventResponseMessage",
  "keepInChatMessage",
  "pinInChatMessage",
  "secretEncryptedMessage",
  "commentMessage",
  "encCommentMessage",
  "callLogMesssage",
  "placeholderMessage",
]);
