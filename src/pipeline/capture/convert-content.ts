import type { proto } from "@whiskeysockets/baileys";
import { convertContact, convertContacts, convertLiveLocation } from "./content/cards.ts";
import { convertOrder, convertProduct, convertRequestPayment, convertSendPayment } from "./content/commerce.ts";
import { type ContentContext, type Converted } from "./content/converted.ts";
import {
  convertAudio,
  convertDocument,
  convertImage,
  convertLocation,
  convertPtv,
  convertSticker,
  convertVideo,
} from "./content/files.ts";
import {
  convertButtonReply,
  convertButtons,
  convertInteractive,
  convertInteractiveReply,
  convertList,
  convertListReply,
  convertTemplate,
  convertTemplateReply,
} from "./content/interactive.ts";
import {
  convertEvent,
  convertEventResponse,
  convertNewsletterInvite,
  convertPin,
  convertPoll,
  convertPollVote,
  convertReaction,
  pollOf,
} from "./content/social.ts";
import { convertExtendedText, convertGroupInvite } from "./content/text.ts";
import { numberOf } from "./numbers.ts";
import { convertOther } from "./other-content.ts";
import { contentName } from "./unwrap.ts";

/** Turns a message out of its wrappers into content; undefined when it holds nothing but key material. */
export async function convertContent(message: proto.IMessage, context: ContentContext): Promise<Converted | undefined> {
  try {
    return (await known(message, context)) ?? convertOther(message);
  } catch (error) {
    // A field is not what its kind promises: then the message is delivered as it is, like one of an unknown kind.
    if (error instanceof TypeError || error instanceof RangeError) return convertOther(message);
    throw error;
  }
}

async function known(m: proto.IMessage, context: ContentContext): Promise<Converted | undefined> {
  if (typeof m.conversation === "string" && m.conversation !== "") {
    return { content: { type: "text", text: m.conversation } };
  }
  if (m.extendedTextMessage) return convertExtendedText(m.extendedTextMessage);
  if (m.imageMessage) return convertImage(m.imageMessage, context.viewOnce);
  if (m.videoMessage) return convertVideo(m.videoMessage, context.viewOnce);
  if (m.ptvMessage) return convertPtv(m.ptvMessage);
  if (m.audioMessage) return convertAudio(m.audioMessage, context.viewOnce);
  if (m.documentMessage) return convertDocument(m.documentMessage);
  if (m.stickerMessage) return convertSticker(m.stickerMessage);
  if (m.reactionMessage) return convertReaction(m.reactionMessage, context);
  return knownPlain(m) ?? knownAnswers(m, context);
}

function knownPlain(m: proto.IMessage): Converted | undefined {
  if (m.locationMessage) return convertLocation(m.locationMessage);
  if (m.liveLocationMessage) return convertLiveLocation(m.liveLocationMessage);
  if (m.contactMessage) return convertContact(m.contactMessage);
  if (m.contactsArrayMessage) return convertContacts(m.contactsArrayMessage);
  if (m.groupInviteMessage) return convertGroupInvite(m.groupInviteMessage);
  if (m.buttonsResponseMessage) return convertButtonReply(m.buttonsResponseMessage);
  if (m.templateButtonReplyMessage) return convertTemplateReply(m.templateButtonReplyMessage);
  if (m.listResponseMessage) return convertListReply(m.listResponseMessage);
  if (m.interactiveResponseMessage) return convertInteractiveReply(m.interactiveResponseMessage);
  if (m.listMessage) return convertList(m.listMessage);
  if (m.buttonsMessage) return convertButtons(m.buttonsMessage);
  if (m.templateMessage) return convertTemplate(m.templateMessage);
  if (m.interactiveMessage) return convertInteractive(m.interactiveMessage);
  const poll = pollOf(m);
  if (poll) return convertPoll(m, poll);
  if (m.productMessage) return convertProduct(m.productMessage);
  if (m.orderMessage) return convertOrder(m.orderMessage);
  if (m.newsletterAdminInviteMessage) return convertNewsletterInvite(m.newsletterAdminInviteMessage);
  if (m.eventMessage) return convertEvent(m.eventMessage);
  return undefined;
}

async function knownAnswers(m: proto.IMessage, context: ContentContext): Promise<Converted | undefined> {
  if (m.pollUpdateMessage) return convertPollVote(m.pollUpdateMessage, context);
  if (m.encEventResponseMessage) return convertEventResponse(m.encEventResponseMessage, context);
  if (m.pinInChatMessage) {
    return convertPin(m.pinInChatMessage, numberOf(m.messageContextInfo?.messageAddOnDurationInSecs), context);
  }
  if (m.requestPaymentMessage) return convertRequestPayment(m.requestPaymentMessage, context);
  if (m.sendPaymentMessage) return convertSendPayment(context);
  return undefined;
}

/** The circumstances of a message (quote, mentions, timer), wherever its kind keeps them. */
export function contextInfoOf(message: proto.IMessage): proto.IContextInfo | undefined {
  const name = contentName(message);
  const content: unknown = name === undefined ? undefined : message[name];
  if (typeof content !== "object" || content === null || !("contextInfo" in content)) return undefined;
  // Every message kind that has the field has it with this type.
  return (content.contextInfo as proto.IContextInfo | null) ?? undefined;
}
