import {
  cleanMessage,
  decodeMessageNode,
  isLidUser,
  NO_MESSAGE_FOUND_ERROR_TEXT,
  proto,
  type BinaryNode,
  type WAMessage,
} from "@whiskeysockets/baileys";
import { isGroupJid, isStatusJid, sameJid } from "#domain/jid.ts";
import { readableMessage } from "../content/readable-message.ts";
import type { InboundBatch } from "../inbound.ts";
import type { OwnJids } from "../own-account.ts";
import { collections } from "../staying/collections.ts";
import { intoBotChat } from "./bot-chats.ts";

/** Whether this stanza carries a message: in WhatsApp's older form, or a status in its own. */
export function isMessageStanza({ tag }: BinaryNode): boolean {
  return tag === "message" || tag === "status";
}

/**
 * Whether a notice about settings names none that there are. Baileys would ask WhatsApp for a collection without a name, or
 * with a strange one that no answer holds, again and again as fast as the answers come, and everything behind the notice
 * would wait.
 */
export function lacksCollection(node: BinaryNode): boolean {
  if (node.tag !== "notification" || node.attrs["type"] !== "server_sync") return false;
  const collection = childrenOf(node).find(({ tag }) => tag === "collection");
  return collection !== undefined && !collections.some((known) => known === collection.attrs["name"]);
}

/** Why Baileys could not say which chat a message belongs to; undefined when it can. */
export function whyUnplaced(node: BinaryNode, own: OwnJids): Error | undefined {
  try {
    decodeMessageNode(node, own.id, own.lid ?? "");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error("unknown", { cause: error });
  }
}

/** What a stanza that nobody decrypts is handed on as: a message with its text, one that waits for it, or as it is. */
export function handedOn(node: BinaryNode, own: OwnJids): Pick<InboundBatch, "events" | "stanza" | "offline"> {
  const offline = node.attrs["offline"] !== undefined;
  if (!isMessageStanza(node)) return { stanza: node, offline };
  const error = whyUnplaced(node, own);
  if (error !== undefined) return { events: upsertOf(unplaced(node), offline), offline };
  const texts = textsOf(node);
  if (texts.length > 0 && !hasBrokenText(node)) return messageEvents(node.attrs, { own, payloads: texts });
  // Nobody is told of a status that cannot be read.
  const isStatus = node.tag === "status" || isStatusJid(node.attrs["from"] ?? "");
  return isStatus ? { stanza: node, offline } : placeholderOf(node, own);
}

/**
 * Whether a message in clear (a post of a channel) is none that any protobuf could read. Baileys would ask for it again, of
 * nobody, and answer it with a refusal, which holds back whatever is behind it.
 */
export function hasBrokenText(node: BinaryNode): boolean {
  return textsOf(node).some((text) => {
    try {
      proto.Message.decode(readableMessage(text));
      return false;
    } catch {
      return true;
    }
  });
}

function textsOf(node: BinaryNode): readonly Uint8Array[] {
  return childrenOf(node).flatMap(({ tag, content }) =>
    tag === "plaintext" && content instanceof Uint8Array ? [content] : [],
  );
}

/** The message of these plaintexts, as Baileys would have reported it. Throws when they are no message. */
export function messageEvents(
  attrs: Record<string, string>,
  { own, payloads }: { readonly own: OwnJids; readonly payloads: readonly Uint8Array[] },
): Pick<InboundBatch, "events" | "offline"> {
  const decoded = decodeMessageNode({ tag: "message", attrs }, own.id, own.lid ?? "");
  const message: WAMessage = decoded.fullMessage;
  for (const payload of payloads) {
    const content = proto.Message.decode(readableMessage(payload));
    message.message = Object.assign(message.message ?? {}, content.deviceSentMessage?.message ?? content);
  }
  cleanMessage(message, own.id, own.lid ?? "");
  intoBotChat(message, attrs);
  const offline = attrs["offline"] !== undefined;
  return { events: upsertOf(message, offline), offline };
}

/** The message of a stanza without a body, as one that waits for its content. Baileys tells nobody of most of them. */
function placeholderOf(node: BinaryNode, own: OwnJids): Pick<InboundBatch, "events" | "offline"> {
  const { fullMessage } = decodeMessageNode(node, own.id, own.lid ?? "");
  const message: WAMessage = fullMessage;
  message.messageStubType = proto.WebMessageInfo.StubType.CIPHERTEXT;
  message.messageStubParameters = [NO_MESSAGE_FOUND_ERROR_TEXT];
  // WhatsApp protocol: `view_once` and `view_once_unavailable_fanout`.
  const isOnce = childrenOf(node).some(
    ({ tag, attrs }) => tag === "unavailable" && attrs["type"]?.startsWith("view_once") === true,
  );
  if (isOnce) message.key.isViewOnce = true;
  cleanMessage(message, own.id, own.lid ?? "");
  intoBotChat(message, node.attrs);
  const offline = node.attrs["offline"] !== undefined;
  return { events: upsertOf(message, offline), offline };
}

/** Of what cannot be placed: that there was a message, from whom its stanza says it came. */
function unplaced({ attrs }: BinaryNode): WAMessage {
  const { id, from, participant, t, notify } = attrs;
  return {
    key: {
      remoteJid: from ?? null,
      id: id ?? null,
      fromMe: false,
      ...(participant === undefined ? {} : { participant }),
    },
    messageTimestamp: Number(t ?? 0),
    ...(notify === undefined ? {} : { pushName: notify }),
    messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT,
    messageStubParameters: [NO_MESSAGE_FOUND_ERROR_TEXT],
  };
}

function upsertOf(message: WAMessage, offline: boolean): NonNullable<InboundBatch["events"]> {
  return { "messages.upsert": { messages: [message], type: offline ? "append" : "notify" } };
}

/**
 * Whether the receipt that Baileys sends for a message names nobody it is for: of a copy of what the owner wrote on
 * another device, to somebody whose LID the stanza does not say. Such a receipt confirms nothing.
 */
export function lacksAddressee(node: BinaryNode, own: OwnJids): boolean {
  const { from = "", recipient, peer_recipient_lid: lid } = node.attrs;
  if (recipient === undefined || isGroupJid(from) || (!sameJid(from, own.id) && !sameJid(from, own.lid ?? ""))) {
    return false;
  }
  return isLidUser(recipient) !== true && lid === undefined;
}

function childrenOf({ content }: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(content) ? content : [];
}
