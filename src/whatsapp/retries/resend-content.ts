import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import { canonicalJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { MessageStore } from "#store/messages.ts";
import type { StoredMessage } from "#store/records.ts";

/** Where the content of sent messages is looked up. */
export interface ResendContentDeps {
  readonly messages: Pick<MessageStore, "get">;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  /** A message that left a moment ago and may not be stored yet; `at` in epoch milliseconds. */
  readonly recent: (
    chat: string,
    messageId: string,
  ) => { readonly message: proto.IMessage; readonly at: number } | undefined;
  /** It is being taken back right now. */
  readonly isWithdrawn: (messageId: string) => boolean;
}

/** A message as it is sent again; `at`: when it was sent first, epoch milliseconds. */
export interface ResendContent {
  readonly message: proto.IMessage;
  readonly at: number;
}

/** Why a message is not sent again. */
export type NotResent = "unknown" | "not_ours" | "other_chat" | "revoked" | "too_old";

/**
 * What everybody reads under this id today: the stored message, newest edit included, else what left a moment ago. A
 * message that was taken back, is too old, is not ours or was for another chat is not sent again. `chats`: the names of
 * the chat that was asked in.
 */
export async function resendContent(
  deps: ResendContentDeps,
  asked: { readonly instanceId: string; readonly messageId: string; readonly chats: readonly string[] },
): Promise<ResendContent | NotResent> {
  const { instanceId, messageId, chats } = asked;
  if (deps.isWithdrawn(messageId)) return "revoked";
  const stored = await deps.messages.get({ instanceId, messageId });
  const found = stored === undefined ? recentOf(deps, asked) : storedContent(deps, stored, chats);
  if (typeof found === "string") return found;
  const protocol = normalizeMessageContent(found.message)?.protocolMessage;
  if (protocol?.type !== proto.Message.ProtocolMessage.Type.MESSAGE_EDIT) return found;
  // An edit brings the text of the message it is about: that one counts.
  const target = protocol.key?.id ?? "";
  const edited = await deps.messages.get({ instanceId, messageId: target });
  const isGone = deps.isWithdrawn(target) || (edited !== undefined && isRevoked(infoOf(edited)));
  return isGone ? "revoked" : found;
}

function recentOf(
  deps: ResendContentDeps,
  { chats, messageId }: { readonly chats: readonly string[]; readonly messageId: string },
): ResendContent | "unknown" {
  for (const chat of chats) {
    const found = deps.recent(chat, messageId);
    if (found !== undefined) return found;
  }
  return "unknown";
}

function storedContent(
  deps: ResendContentDeps,
  stored: StoredMessage,
  chats: readonly string[],
): ResendContent | NotResent {
  if (!stored.fromMe) return "not_ours";
  if (!chats.includes(canonicalJid(stored.chatId))) return "other_chat";
  const info = infoOf(stored);
  if (isRevoked(info)) return "revoked";
  if (deps.clock.now() - stored.at > deps.maxAgeMs) return "too_old";
  const message = info.message?.deviceSentMessage?.message ?? info.message;
  return message ? { message, at: stored.at } : "unknown";
}

const infoOf = ({ proto: bytes }: StoredMessage): proto.WebMessageInfo => proto.WebMessageInfo.decode(bytes);

/** WhatsApp's own mark of a message that was taken back for everybody. */
function isRevoked({ messageStubType }: proto.IWebMessageInfo): boolean {
  return messageStubType === proto.WebMessageInfo.StubType.REVOKE;
}

/** The stored message with the mark that it was taken back for everybody, or without it. */
export function markRevoked(stored: StoredMessage, isGone: boolean): StoredMessage {
  const info = infoOf(stored);
  const { REVOKE, UNKNOWN } = proto.WebMessageInfo.StubType;
  info.messageStubType = isGone ? REVOKE : UNKNOWN;
  return { ...stored, proto: proto.WebMessageInfo.encode(info).finish() };
}
