import type { proto } from "@whiskeysockets/baileys";
import type { AdClick, CapturedMessage, ExternalAdReply } from "#domain/captured.ts";
import { isStatusJid } from "#domain/jid.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { imageOf } from "./content/files.ts";
import { given, textOr } from "./content/converted.ts";
import { numberOf } from "./numbers.ts";

/** What a message says about its circumstances. */
export type MessageCircumstances = Pick<
  CapturedMessage,
  | "forwarded"
  | "isStatusReply"
  | "quotedMessageId"
  | "expirationSeconds"
  | "mentioned"
  | "externalAdReply"
  | "adClick"
  | "quotedStatus"
>;

/** Reads quote, mentions, timer and advertisement. */
export async function circumstancesOf(
  book: AddressBook,
  owner: Owner,
  info: proto.IContextInfo | undefined,
): Promise<MessageCircumstances> {
  if (info === undefined) return { forwarded: false, isStatusReply: false };
  const isStatusReply = info.stanzaId ? isStatusJid(textOr(info.remoteJid)) : false;
  const people = await Promise.all((info.mentionedJid ?? []).map((jid) => book.person(owner, jid)));
  const adClick = adClickOf(info);
  const mentioned = people.map((person) => person.phone ?? person.lid ?? person.jid);
  const quoted = isStatusReply ? info.quotedMessage?.imageMessage : undefined;
  return {
    forwarded: info.isForwarded === true,
    isStatusReply,
    ...given("quotedMessageId", info.stanzaId),
    expirationSeconds: numberOf(info.expiration),
    ...(mentioned.length === 0 ? {} : { mentioned }),
    ...(info.externalAdReply ? { externalAdReply: adOf(info.externalAdReply) } : {}),
    ...(Object.keys(adClick).length > 0 ? { adClick } : {}),
    ...(quoted ? { quotedStatus: quotedStatus(quoted) } : {}),
  };
}

function quotedStatus(message: proto.Message.IImageMessage) {
  const { caption, mimeType, viewOnce, width, height } = imageOf(message);
  return { caption, mimeType, viewOnce, width, height };
}

function adOf(ad: proto.ContextInfo.IExternalAdReplyInfo): ExternalAdReply {
  return {
    title: textOr(ad.title),
    body: textOr(ad.body),
    mediaType: numberOf(ad.mediaType),
    thumbnailUrl: textOr(ad.thumbnailUrl ?? ad.originalImageUrl),
    sourceType: textOr(ad.sourceType),
    sourceId: textOr(ad.sourceId),
    ...given("ctwaClid", ad.ctwaClid),
    sourceUrl: textOr(ad.sourceUrl),
    containsAutoReply: ad.containsAutoReply === true,
    renderLargerThumbnail: ad.renderLargerThumbnail === true,
    showAdAttribution: ad.showAdAttribution === true,
    ...given("ref", ad.ref),
    ...given("sourceApp", ad.sourceApp),
    ...given("mediaUrl", ad.mediaUrl),
    ...given("originalImageUrl", ad.originalImageUrl),
    ...given("greetingMessage", ad.greetingMessageBody),
    ...given("ctaPayload", ad.ctaPayload),
  };
}

/** WhatsApp protocol: since 2026 much of what the advertisement used to say in clear is only in the payload. */
function adClickOf(info: proto.IContextInfo): AdClick {
  return {
    ...given("payload", base64Of(info.ctwaPayload)),
    ...given("signals", info.ctwaSignals),
    ...given("source", info.conversionSource),
    ...given("data", base64Of(info.conversionData)),
    ...given("entryPoint", info.entryPointConversionSource),
    ...given("entryApp", info.entryPointConversionApp),
  };
}

function base64Of(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString("base64") : "";
}
