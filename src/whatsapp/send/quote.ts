import { getContentType, normalizeMessageContent, proto, type WAMessage } from "@whiskeysockets/baileys";
import { isGroupJid, isNewsletterJid, isStatusJid, statusJid } from "#domain/jid.ts";
import type { MessageStore } from "#store/messages.ts";

/** The message to quote, and where the answer goes. */
export interface Quote {
  readonly quoted?: WAMessage;
  /** Author of the quoted message: where a private answer to a group message goes. */
  readonly author?: string;
}

/**
 * Finds the message an answer quotes. One we never stored is quoted by its id alone where that is enough (a chat with
 * one person); in a group its author is unknown, so the answer goes without a quote.
 */
export async function findQuote(
  messages: MessageStore,
  input: { readonly instanceId: string; readonly messageId: string; readonly jid: string; readonly isStatus?: boolean },
): Promise<Quote> {
  const { instanceId, messageId, jid, isStatus } = input;
  const stored = await messages.get({ instanceId, messageId });
  if (stored === undefined) {
    if (isGroupJid(jid) || isNewsletterJid(jid)) return {};
    if (isStatus === true) {
      const key = { id: messageId, remoteJid: statusJid, participant: jid, fromMe: false };
      return { quoted: { key, message: { conversation: "" } } };
    }
    return { quoted: { key: { id: messageId, remoteJid: jid, fromMe: false }, message: { conversation: "" } } };
  }
  const message = proto.WebMessageInfo.decode(stored.proto);
  const chat = message.key?.remoteJid ?? stored.chatId;
  const author = message.key?.participant ?? message.participant ?? (stored.fromMe ? undefined : stored.senderId);
  const content = normalizeMessageContent(message.message);
  const quoted: WAMessage = {
    key: {
      id: messageId,
      fromMe: stored.fromMe,
      // A chat with one person may be stored under its LID and written to under its number: it is the same chat.
      remoteJid: isGroupJid(chat) || isStatusJid(chat) ? chat : jid,
      ...(author ? { participant: author } : {}),
    },
    message: content === undefined || getContentType(content) === undefined ? { conversation: "" } : content,
  };
  return author ? { quoted, author } : { quoted };
}
