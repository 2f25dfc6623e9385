import { randomBytes } from "node:crypto";
import { getContentType, normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { ContentOptions } from "../content-body.ts";
import type { ContentContext } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import { findMessage } from "./find-message.ts";
import { isBytes } from "./wire-bytes.ts";

const { AssociationType } = proto.MessageAssociation;

/**
 * WhatsApp protocol: a picture of an album, and the second upload of one in better quality, names the message it belongs
 * to beside its content; the second upload comes in a wrapper of its own.
 */
export function withParent(
  message: proto.IMessage,
  { album, hdOf }: ContentOptions,
  context: ContentContext,
): proto.IMessage {
  const parent = album ?? hdOf;
  if (parent === undefined) return message;
  if (album !== undefined && hdOf !== undefined) throw new SandboxError("invalid", "either album or hdOf");
  const isVideo = Boolean(message.videoMessage);
  if (!message.imageMessage && !isVideo) throw new SandboxError("invalid", "only pictures and films have a parent");
  const twin = isVideo ? AssociationType.HD_VIDEO_DUAL_UPLOAD : AssociationType.HD_IMAGE_DUAL_UPLOAD;
  const associationType = album === undefined ? twin : AssociationType.MEDIA_ALBUM;
  const messageAssociation = { associationType, parentMessageKey: findMessage(parent, context).key };
  const inner = { ...message, messageContextInfo: { ...message.messageContextInfo, messageAssociation } };
  return album === undefined ? { associatedChildMessage: { message: inner } } : inner;
}

/** WhatsApp protocol: since edits are sealed, every content carries the secret they are sealed with. */
export function withSecret(message: proto.IMessage, { sealsEdits }: ContentContext): proto.IMessage {
  const inner = normalizeMessageContent(message) ?? message;
  const kind = getContentType(inner);
  if (!sealsEdits || kind === undefined || secretless.has(kind) || isBytes(message)) return message;
  if (inner.messageContextInfo?.messageSecret || message.messageContextInfo?.messageSecret) return message;
  return { ...message, messageContextInfo: { ...message.messageContextInfo, messageSecret: randomBytes(32) } };
}

/** What nobody edits, and answers to what has a secret of its own. */
const secretless: ReadonlySet<keyof proto.IMessage> = new Set<keyof proto.IMessage>([
  "protocolMessage",
  "reactionMessage",
  "encReactionMessage",
  "pollUpdateMessage",
  "encEventResponseMessage",
  "secretEncryptedMessage",
  "encCommentMessage",
  "keepInChatMessage",
  "pinInChatMessage",
]);
