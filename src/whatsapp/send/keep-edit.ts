import { getContentType, normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { OutgoingContent } from "#domain/content.ts";
import type { Log } from "#lib/log.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "../live-socket.ts";
import { openAnswer } from "./seal-answer.ts";
import { askedMessage, partiesOf } from "./social-question.ts";

/** What a message of ours reads like from now on. */
interface Replacement {
  readonly messageId: string;
  readonly message: proto.IMessage;
}

/** What keeping an edit works with. */
export interface KeepEditDeps {
  readonly messages: MessageStore;
  readonly log: Log;
}

/**
 * After a message of ours has left: when it was an edit, the stored message becomes what everybody sees now, so that a
 * quote, a forward or another edit of it starts from there. A message that is not stored stays unknown. Never throws:
 * the edit is out, whatever becomes of our copy.
 */
export async function keepEdit(
  deps: KeepEditDeps,
  sent: {
    readonly instanceId: string;
    readonly socket: LiveSocket;
    readonly content: OutgoingContent;
    /** Encoded `WebMessageInfo` of what was sent. */
    readonly proto: Uint8Array;
  },
): Promise<void> {
  const { instanceId, content } = sent;
  if (!isEdit(content)) return;
  try {
    const replacement = await replacementBy(deps, {
      ...sent,
      message: proto.WebMessageInfo.decode(sent.proto).message,
    });
    if (replacement === undefined) return;
    const stored = await deps.messages.get({ instanceId, messageId: replacement.messageId });
    if (stored === undefined || !stored.fromMe) return;
    const info = proto.WebMessageInfo.decode(stored.proto);
    info.message = proto.Message.fromObject(edited(info.message ?? {}, replacement.message));
    await deps.messages.put({ messages: [{ ...stored, proto: proto.WebMessageInfo.encode(info).finish() }] });
  } catch (error) {
    deps.log.warn({ instanceId, error }, "edit not kept");
  }
}

function isEdit(content: OutgoingContent): boolean {
  switch (content.kind) {
    case "text":
      return content.editMessageId !== undefined;
    case "documentCaption":
    case "eventEdit":
      return true;
    default:
      return false;
  }
}

async function replacementBy(
  deps: KeepEditDeps,
  sent: {
    readonly instanceId: string;
    readonly socket: LiveSocket;
    readonly message: proto.IMessage | null | undefined;
  },
): Promise<Replacement | undefined> {
  const content = normalizeMessageContent(sent.message);
  const protocol = content?.protocolMessage;
  if (protocol?.type === proto.Message.ProtocolMessage.Type.MESSAGE_EDIT) {
    const messageId = protocol.key?.id;
    return messageId && protocol.editedMessage ? { messageId, message: protocol.editedMessage } : undefined;
  }
  const { targetMessageKey, encPayload, encIv } = content?.secretEncryptedMessage ?? {};
  const messageId = targetMessageKey?.id;
  if (!messageId || !encPayload || !encIv) return undefined;
  // The only secret of this kind that we send is the edit of an event.
  const { known, secret } = await askedMessage(deps.messages, { ...sent, messageId, of: "event" });
  const { author, answerer } = await partiesOf(sent.socket, known);
  const plain = openAnswer(
    { use: "Event Edit", messageId, authorJid: author, answererJid: answerer, secret },
    { encPayload, encIv },
  );
  return { messageId, message: proto.Message.decode(plain) };
}

/** WhatsApp protocol: an edit carries the whole new content; that of a file may be its kind with the new caption alone. */
function edited(before: proto.IMessage, edit: proto.IMessage): proto.IMessage {
  const content = normalizeMessageContent(before) ?? before;
  const inner = normalizeMessageContent(edit) ?? edit;
  const messageContextInfo = before.messageContextInfo ?? content.messageContextInfo;
  const kept = messageContextInfo ? { messageContextInfo } : {};
  const part = captioned.find((name) => name === getContentType(content) && inner[name] && !inner[name].mediaKey);
  return part === undefined
    ? { ...inner, ...kept }
    : { ...content, [part]: { ...content[part], caption: inner[part]?.caption }, ...kept };
}

const captioned = ["imageMessage", "videoMessage", "documentMessage"] as const;
