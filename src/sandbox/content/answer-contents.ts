import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { ReplyChoice } from "../content-body.ts";
import type { ContentContext, KnownMessage } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import { quote } from "./context-info.ts";
import { findMessage } from "./find-message.ts";
import type { Built, ContentBuilder } from "./builder.ts";
import { sealedEdit, sealedReaction } from "./sealed-contents.ts";

const { Type } = proto.Message.ProtocolMessage;

const reaction: ContentBuilder<"reaction"> = ({ messageId, emoji, sealed }, context) => {
  const known = findMessage(messageId, context);
  if (sealed === true) return { message: sealedReaction(known, context, emoji) };
  const { key } = known;
  return { message: { reactionMessage: { key, text: emoji, senderTimestampMs: context.now } } };
};

const edit: ContentBuilder<"edit"> = ({ messageId, text }, context) => {
  const known = findMessage(messageId, context);
  if (!known.key.fromMe) throw new SandboxError("invalid", "only the author of a message can edit it");
  const protocolMessage = {
    key: known.key,
    type: Type.MESSAGE_EDIT,
    editedMessage: editedBody(known.message, text),
    timestampMs: context.now,
  };
  const inClear: Built = { message: { editedMessage: { message: { protocolMessage } } }, edit: "1" };
  return context.sealsEdits ? (sealedEdit(known, context, protocolMessage) ?? inClear) : inClear;
};

const revoke: ContentBuilder<"revoke"> = ({ messageId }, context) => {
  const { key } = findMessage(messageId, context);
  if (!key.fromMe && !key.remoteJid.endsWith("@g.us")) {
    throw new SandboxError("invalid", "only the author of a message can revoke it, or an admin in a group");
  }
  return { message: { protocolMessage: { key, type: Type.REVOKE } }, edit: key.fromMe ? "7" : "8" };
};

const buttonReply: ContentBuilder<"buttonReply"> = (choice, context) => {
  const asked = question(choice, context);
  const contextInfo = quote(choice.messageId, context);
  if (asked.templateMessage) {
    return answer({
      templateButtonReplyMessage: { selectedId: choice.id, selectedDisplayText: choice.label, contextInfo },
    });
  }
  if (asked.interactiveMessage) {
    offered(quickReplies(asked.interactiveMessage), choice);
    return nativeFlow(choice, { name: "quick_reply", contextInfo });
  }
  return answer({
    buttonsResponseMessage: {
      selectedButtonId: choice.id,
      selectedDisplayText: choice.label,
      type: proto.Message.ButtonsResponseMessage.Type.DISPLAY_TEXT,
      contextInfo,
    },
  });
};

const listReply: ContentBuilder<"listReply"> = (choice, context) => {
  const asked = question(choice, context);
  const contextInfo = quote(choice.messageId, context);
  if (asked.interactiveMessage) return nativeFlow(choice, { name: "single_select", contextInfo });
  const rows = asked.listMessage?.sections?.flatMap((section) => section.rows ?? []);
  const row =
    rows &&
    offered(
      rows.map(({ rowId, description }) => ({ id: rowId, description })),
      choice,
    );
  return answer({
    listResponseMessage: {
      title: choice.label,
      ...(row?.description && { description: row.description }),
      listType: proto.Message.ListResponseMessage.ListType.SINGLE_SELECT,
      singleSelectReply: { selectedRowId: choice.id },
      contextInfo,
    },
  });
};

/** Contents that speak of an earlier message, in clear. */
export const answerContents = { reaction, edit, revoke, buttonReply, listReply };

const answer = (message: proto.IMessage): Built => ({ message });

function question(choice: ReplyChoice, context: ContentContext): proto.IMessage {
  return normalizeMessageContent(findMessage(choice.messageId, context).message) ?? {};
}

/** The choice with this id. Throws `invalid` when the message does not offer it. */
function offered<Offer extends { readonly id?: unknown }>(offers: readonly Offer[], { id }: ReplyChoice): Offer {
  const found = offers.find((offer) => offer.id === id);
  if (found === undefined) throw new SandboxError("invalid", `the message offers no choice with the id ${id}`);
  return found;
}

/** The buttons of a message and of its cards that answer. */
function quickReplies(asked: proto.Message.IInteractiveMessage): readonly { readonly id?: unknown }[] {
  const messages = [asked, ...(asked.carouselMessage?.cards ?? [])];
  return messages
    .flatMap(({ nativeFlowMessage }) => nativeFlowMessage?.buttons ?? [])
    .filter(({ name }) => name === "quick_reply")
    .map(({ buttonParamsJson }) => JSON.parse(buttonParamsJson ?? "{}") as { readonly id?: unknown });
}

/** WhatsApp protocol: native-flow buttons and lists are answered with JSON parameters. */
function nativeFlow(choice: ReplyChoice, flow: { name: string; contextInfo: proto.IContextInfo }): Built {
  const paramsJson = JSON.stringify({ id: choice.id, display_text: choice.label, title: choice.label });
  return answer({
    interactiveResponseMessage: {
      body: { text: choice.label },
      nativeFlowResponseMessage: { name: flow.name, paramsJson, version: 3 },
      contextInfo: flow.contextInfo,
    },
  });
}

/** WhatsApp protocol: an edited text comes whole, an edited caption comes inside its media message. */
function editedBody(original: KnownMessage["message"], text: string): proto.IMessage {
  const inner = normalizeMessageContent(original) ?? {};
  if (inner.imageMessage) return { imageMessage: { ...inner.imageMessage, caption: text } };
  if (inner.videoMessage) return { videoMessage: { ...inner.videoMessage, caption: text } };
  if (inner.documentMessage) return { documentMessage: { ...inner.documentMessage, caption: text } };
  if (inner.extendedTextMessage) return { extendedTextMessage: { ...inner.extendedTextMessage, text } };
  if (typeof inner.conversation === "string") return { conversation: text };
  throw new SandboxError("invalid", "only texts and captions can be edited");
}
