import { createHash } from "node:crypto";
import { decryptEventResponse, decryptPollVote, type proto } from "@whiskeysockets/baileys";
import type { CapturedContent } from "#domain/captured-content.ts";
import { pollExtras } from "../kept-fields.ts";
import { numberOf } from "../numbers.ts";
import { type ContentContext, type Converted, given, textOr } from "./converted.ts";
import { decryptedBy, fromOurSide, secretOf } from "./secrets.ts";

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

/** The poll in a message, whichever version of it. */
export function pollOf(message: proto.IMessage): proto.Message.IPollCreationMessage | undefined {
  const { pollCreationMessage, pollCreationMessageV2, pollCreationMessageV3, pollCreationMessageV5 } = message;
  return pollCreationMessage ?? pollCreationMessageV2 ?? pollCreationMessageV3 ?? pollCreationMessageV5 ?? undefined;
}

/** A poll. */
export function convertPoll(message: proto.IMessage, poll: proto.Message.IPollCreationMessage): Converted {
  return {
    content: {
      type: "poll",
      question: textOr(poll.name),
      maxOptions: numberOf(poll.selectableOptionsCount),
      options: (poll.options ?? []).map((option) => textOr(option.optionName)),
      ...pollExtras(message),
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
  const poll = pollOf(answered.message);
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
