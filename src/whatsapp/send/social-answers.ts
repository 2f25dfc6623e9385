import { createHash } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { EventResponseContent, PollVoteContent } from "#domain/outgoing/social.ts";
import type { BuildPayload } from "./payload.ts";
import { sealAnswer } from "./seal-answer.ts";
import { askedMessage, partiesOf, pollOf } from "./social-question.ts";

/**
 * Our vote. Throws `invalid_request` naming an option that the poll does not have, or when it takes fewer at once.
 * WhatsApp protocol: a vote names its options by the hash of their text; none of them takes the vote back.
 */
export const pollVotePayload: BuildPayload<PollVoteContent> = async (deps, { instanceId, socket, content }) => {
  const { messageId, options } = content;
  const { known, secret } = await askedMessage(deps.messages, { instanceId, messageId, of: "poll" });
  const poll = pollOf(known.content) ?? {};
  const offered = new Set((poll.options ?? []).map(({ optionName }) => optionName));
  const stranger = options.find((option) => !offered.has(option));
  if (stranger !== undefined) {
    throw new WazapiError("invalid_request", { message: `the poll has no option ${JSON.stringify(stranger)}` });
  }
  const most = poll.selectableOptionsCount ?? 0;
  if (most > 0 && options.length > most) {
    throw new WazapiError("invalid_request", { message: `the poll takes at most ${most} of its options` });
  }
  const { author, answerer, key } = await partiesOf(socket, known);
  const selectedOptions = options.map((option) => createHash("sha256").update(option).digest());
  const vote = sealAnswer(
    { use: "Poll Vote", messageId, authorJid: author, answererJid: answerer, secret },
    proto.Message.PollVoteMessage.encode({ selectedOptions }).finish(),
  );
  return {
    message: { pollUpdateMessage: { pollCreationMessageKey: key, vote, senderTimestampMs: deps.clock.now() } },
    nodes: [{ tag: "meta", attrs: { polltype: "vote" } }],
  };
};

const { EventResponseType } = proto.Message.EventResponseMessage;
const responses = {
  going: EventResponseType.GOING,
  notGoing: EventResponseType.NOT_GOING,
  maybe: EventResponseType.MAYBE,
} as const satisfies Record<EventResponseContent["response"], unknown>;

/** Our answer to an event. */
export const eventResponsePayload: BuildPayload<EventResponseContent> = async (deps, input) => {
  const { instanceId, socket, content } = input;
  const { messageId, response, extraGuests = 0 } = content;
  const { known, secret } = await askedMessage(deps.messages, { instanceId, messageId, of: "event" });
  const { author, answerer, key } = await partiesOf(socket, known);
  const sealed = sealAnswer(
    { use: "Event Response", messageId, authorJid: author, answererJid: answerer, secret },
    proto.Message.EventResponseMessage.encode({
      response: responses[response],
      timestampMs: deps.clock.now(),
      extraGuestCount: extraGuests,
    }).finish(),
  );
  return {
    message: { encEventResponseMessage: { eventCreationMessageKey: key, ...sealed } },
    attributes: { type: "event" },
    nodes: [{ tag: "meta", attrs: { event_type: "response" } }],
  };
};
