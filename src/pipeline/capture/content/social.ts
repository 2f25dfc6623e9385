import { createHash } from "node:crypto";
import { decryptEventResponse, decryptPollVote, type proto } from "@whiskeysockets/baileys";
import type { CapturedContent } from "#domain/captured-content.ts";
import { personJid } from "#domain/jid.ts";
import { numberOf } from "../numbers.ts";
import { unwrap } from "../unwrap.ts";
import { type ContentContext, type Converted, given, textOr } from "./converted.ts";

/** A reaction, or the end of one. */
export async function convertReaction(
  message: proto.Message.IReactionMessage,
  context: ContentContext,
): Promise<Converted> {
  return {
    content: {
      type: "reaction",
      value: textOr(message.text),
      time: numberOf(message.senderTimestampMs) || context.at,
      by: context.sender,
      target: await context.target(message.key),
    },
  };
}

/** A poll. */
export function convertPoll(message: proto.Message.IPollCreationMessage): Converted {
  return {
    content: {
      type: "poll",
      question: textOr(message.name),
      maxOptions: numberOf(message.selectableOptionsCount),
      options: (message.options ?? []).map((option) => textOr(option.optionName)),
    },
  };
}

/** A vote; undefined when the poll is not known here, so that nobody can read what was chosen. */
export async function convertPollVote(
  message: proto.Message.IPollUpdateMessage,
  context: ContentContext,
): Promise<Converted | undefined> {
  const key = message.pollCreationMessageKey;
  const pollMessageId = textOr(key?.id);
  const answered = await secretOf(pollMessageId, context);
  const { encPayload, encIv } = message.vote ?? {};
  if (answered === undefined || !encPayload || !encIv) return undefined;
  const poll =
    answered.message.pollCreationMessage ??
    answered.message.pollCreationMessageV2 ??
    answered.message.pollCreationMessageV3 ??
    answered.message.pollCreationMessageV5;
  const vote = await decryptedBy(answered, context, (creator, voter) =>
    decryptPollVote(
      { encPayload, encIv },
      { pollEncKey: answered.secret, pollMsgId: pollMessageId, pollCreatorJid: creator, voterJid: voter },
    ),
  );
  if (vote === undefined) return undefined;
  const chosen = new Set((vote.selectedOptions ?? []).map((hash) => Buffer.from(hash).toString("hex")));
  const options = (poll?.options ?? [])
    .map((option) => textOr(option.optionName))
    .filter((name) => chosen.has(createHash("sha256").update(name).digest("hex")));
  return { content: { type: "pollVote", pollMessageId, options } };
}

/** An answer to an event; undefined when the event is not known here. */
export async function convertEventResponse(
  message: proto.Message.IEncEventResponseMessage,
  context: ContentContext,
): Promise<Converted | undefined> {
  const eventId = textOr(message.eventCreationMessageKey?.id);
  const answered = await secretOf(eventId, context);
  const { encPayload, encIv } = message;
  if (answered === undefined || !encPayload || !encIv) return undefined;
  const answer = await decryptedBy(answered, context, (creator, responder) =>
    decryptEventResponse(
      { encPayload, encIv },
      { eventEncKey: answered.secret, eventMsgId: eventId, eventCreatorJid: creator, responderJid: responder },
    ),
  );
  if (answer === undefined) return undefined;
  return {
    content: {
      type: "eventResponse",
      // WhatsApp protocol: 1 going, 2 not going, 3 maybe.
      response: (["GOING", "NOT_GOING", "MAYBE"] as const)[numberOf(answer.response) - 1] ?? "MAYBE",
      by: context.sender,
      time: numberOf(answer.timestampMs) || context.at,
      target: await context.target(fromOurSide(message.eventCreationMessageKey, context)),
    },
  };
}

/** An event to take part in. */
export function convertEvent(message: proto.Message.IEventMessage): Converted {
  const place = message.location;
  const content: CapturedContent = {
    type: "event",
    name: textOr(message.name),
    description: textOr(message.description),
    canceled: message.isCanceled === true,
    joinLink: textOr(message.joinLink),
    scheduleTime: numberOf(message.startTime),
    ...(place
      ? {
          location: {
            name: textOr(place.name),
            ...given("address", place.address),
            ...(place.degreesLatitude ? { latitude: place.degreesLatitude } : {}),
            ...(place.degreesLongitude ? { longitude: place.degreesLongitude } : {}),
          },
        }
      : {}),
  };
  return { content };
}

/** A message was pinned or unpinned. */
export async function convertPin(
  message: proto.Message.IPinInChatMessage,
  seconds: number,
  context: ContentContext,
): Promise<Converted> {
  return {
    content: {
      type: "pin",
      // WhatsApp protocol: 1 pins for all, 2 unpins for all.
      action: numberOf(message.type) === 2 ? "unpin" : "pin",
      durationSeconds: seconds,
      target: await context.target(fromOurSide(message.key, context)),
    },
  };
}

/** An invitation to run a channel. */
export function convertNewsletterInvite(message: proto.Message.INewsletterAdminInviteMessage): Converted {
  return {
    content: {
      type: "newsletterAdminInvite",
      newsletterId: textOr(message.newsletterJid),
      newsletterName: textOr(message.newsletterName),
      text: textOr(message.caption),
      inviteExpiration: numberOf(message.inviteExpiration),
    },
  };
}

/**
 * WhatsApp protocol: a key inside a message is written from its sender's side. The client turns those of reactions and
 * votes to ours, and no others.
 */
function fromOurSide(key: proto.IMessageKey | null | undefined, { fromMe, isGroup, sender }: ContentContext) {
  if (!key || fromMe) return key;
  if (key.fromMe === true) return { ...key, fromMe: false, participant: key.participant || sender.jid };
  // What the other one of two did not write is ours.
  return { ...key, fromMe: !isGroup };
}

interface Answered {
  readonly message: proto.IMessage;
  readonly secret: Uint8Array;
  /** JIDs its author may have gone by. */
  readonly authors: readonly string[];
}

async function secretOf(messageId: string, context: ContentContext): Promise<Answered | undefined> {
  const stored = await context.stored(messageId);
  if (!stored?.message) return undefined;
  const { message } = unwrap(stored.message);
  const secret = message.messageContextInfo?.messageSecret ?? stored.message.messageContextInfo?.messageSecret;
  if (!secret || secret.length === 0) return undefined;
  // In chats of two the client leaves an empty participant behind.
  const author =
    stored.key?.fromMe === true ? personJid(context.ownPhone) : stored.key?.participant || stored.key?.remoteJid;
  return { message, secret, authors: await namesOf(textOr(author), context) };
}

/** Number and LID of a person: nobody says under which of them an answer was sealed. */
async function namesOf(jid: string, context: ContentContext): Promise<readonly string[]> {
  const person = await context.person(jid);
  const all = [person.phone === undefined ? undefined : personJid(person.phone), person.lid, person.jid];
  return [...new Set(all.filter((name) => name !== undefined))];
}

async function decryptedBy<T>(
  answered: Answered,
  context: ContentContext,
  decrypt: (author: string, answering: string) => T,
): Promise<T | undefined> {
  const answering = await namesOf(context.sender.jid, context);
  for (const author of answered.authors) {
    for (const name of answering) {
      try {
        return decrypt(author, name);
      } catch {
        // Sealed under another pair of names.
      }
    }
  }
  return undefined;
}
