import { normalizeMessageContent, proto, WAMessageAddressingMode } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { canonicalJid, isGroupJid, isLidJid, isNewsletterJid, isStatusJid, sameJid } from "#domain/jid.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "../live-socket.ts";

/** A message that is stored here. */
export interface KnownMessage {
  readonly messageId: string;
  readonly fromMe: boolean;
  /** JID of the chat as WhatsApp addressed it when the message passed. */
  readonly chat: string;
  /** JID of who wrote it, in the addressing of the chat; undefined for our own. */
  readonly author?: string;
  /** As it went over the wire, wrappers included. */
  readonly message: proto.IMessage;
  /** What is inside the wrappers. */
  readonly content: proto.IMessage;
  /** What answers to a poll or an event are encrypted with. */
  readonly secret?: Uint8Array;
}

/** A message with this id; undefined when it is not stored here (any more). */
export async function knownMessage(
  messages: Pick<MessageStore, "get">,
  input: { readonly instanceId: string; readonly messageId: string },
): Promise<KnownMessage | undefined> {
  const stored = await messages.get(input);
  if (stored === undefined) return undefined;
  const info = proto.WebMessageInfo.decode(stored.proto);
  const whole = info.message ?? {};
  // What another device of ours sent comes with a copy of itself around it.
  const message = whole.deviceSentMessage?.message ?? whole;
  const content = normalizeMessageContent(message) ?? {};
  const secrets = [content, message, whole].map((one) => one.messageContextInfo?.messageSecret);
  const secret = secrets.find((one) => one !== null && one !== undefined && one.length > 0);
  const chat = canonicalJid(info.key?.remoteJid || stored.chatId);
  const author = info.key?.participant || info.participant || (namesAuthors(chat) ? stored.senderId : chat);
  return {
    messageId: input.messageId,
    fromMe: stored.fromMe,
    chat,
    ...(stored.fromMe ? {} : { author: canonicalJid(author) }),
    message,
    content,
    ...(secret && { secret }),
  };
}

/** Which message another one is about. */
export interface TargetInput {
  readonly instanceId: string;
  readonly socket: LiveSocket;
  /** Chat it is in. */
  readonly jid: string;
  readonly messageId: string;
  /** JID of its author, as the caller says. */
  readonly sender?: string;
}

/**
 * The key by which everybody in the chat finds a message: from the store, else from what the caller says of its author.
 * Throws `message_not_found` when nobody knows who wrote it, `invalid_request` when it is in another chat.
 */
export async function targetKey(messages: Pick<MessageStore, "get">, input: TargetInput): Promise<proto.IMessageKey> {
  const { socket, jid, messageId, sender } = input;
  if (isNewsletterJid(jid)) {
    throw new WazapiError("not_supported", {
      message: "a message of a channel cannot be reacted to, pinned or deleted",
    });
  }
  const known = await knownMessage(messages, input);
  if (known !== undefined) {
    if ((isGroupJid(known.chat) || isGroupJid(jid)) && !sameJid(known.chat, jid)) {
      throw new WazapiError("invalid_request", { message: `message ${messageId} is not in this chat` });
    }
    return await keyIn(socket, { jid, messageId, author: known.author });
  }
  if (sender === undefined) {
    throw new WazapiError("message_not_found", {
      message: `message ${messageId} is not stored here, so its author must be named: sender`,
    });
  }
  const isOwn = isOwnJid(socket, sender);
  return await keyIn(socket, { jid, messageId, author: isOwn ? undefined : sender });
}

/** Whether a key in this chat names the author, because many write there. */
export function namesAuthors(chat: string): boolean {
  return isGroupJid(chat) || isStatusJid(chat);
}

/** Whether this is the account itself, by number or by LID. */
export function isOwnJid(socket: LiveSocket, jid: string): boolean {
  const own = socket.own();
  return own !== undefined && [own.id, own.lid].some((one) => one !== undefined && sameJid(one, jid));
}

/** The own JID as this chat addresses it. Throws `not_connected` before a phone accepted us. */
export async function ownIn(socket: LiveSocket, chat: string): Promise<string> {
  const own = socket.own();
  if (own === undefined) throw new WazapiError("not_connected");
  const byLid = isGroupJid(chat)
    ? (await socket.groups.get(chat))?.addressingMode !== WAMessageAddressingMode.PN
    : isLidJid(chat);
  return canonicalJid(byLid ? (own.lid ?? own.id) : own.id);
}

/** WhatsApp protocol: where many write the key names the author; between two people `fromMe` says it. */
async function keyIn(
  socket: LiveSocket,
  input: { readonly jid: string; readonly messageId: string; readonly author: string | undefined },
): Promise<proto.IMessageKey> {
  const { jid, messageId, author } = input;
  const key = { remoteJid: jid, id: messageId, fromMe: author === undefined };
  return namesAuthors(jid) ? { ...key, participant: author ?? (await ownIn(socket, jid)) } : key;
}
