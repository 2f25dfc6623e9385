import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { PinContent, PollContent, SocialContent } from "#domain/outgoing/social.ts";

import { chat, messageId } from "#http/schemas.ts";
import { contextFields, sendRoute } from "../send-kind.ts";
import type { SendRoute } from "../send-kind.ts";
import { newSecret } from "./answer-secret.ts";
import { eventEditRoute, eventResponseRoute, eventRoute } from "./events.ts";
import { aboutMessage, sender } from "./target.ts";
import { lineBreaks } from "./words.ts";

const reactionFields = z.object({ ...aboutMessage, ...sender });

const pinFields = z.object({
  ...aboutMessage,
  ...sender,
  messageAction: z
    .enum(["pin", "unpin"])
    .optional()
    .meta({ description: "Put it on top of the chat, or take it down" }),
  pin: z.boolean().optional().meta({ description: "The same as a switch, in place of `messageAction`" }),
  pinMessageDuration: z
    .enum(["24_hours", "7_days", "30_days"])
    .default("7_days")
    .meta({ description: "How long it stays" }),
});

const pinSeconds = {
  "24_hours": 86_400,
  "7_days": 604_800,
  "30_days": 2_592_000,
} as const satisfies Record<z.output<typeof pinFields>["pinMessageDuration"], PinContent["forSeconds"]>;

/** WhatsApp's apps offer no more. */
const mostOptions = 12;

const option = z.string().trim().min(1).max(100);

const pollFields = contextFields.pick({ messageId: true, privateAnswer: true }).extend({
  message: z.string().trim().min(1).max(255).meta({ description: "The question" }),
  poll: z
    .array(z.object({ name: option }))
    .min(2)
    .max(mostOptions)
    .refine((options) => new Set(options.map(({ name }) => name)).size === options.length, {
      error: "the options must differ",
    })
    .meta({ description: "The options" }),
  pollMaxOptions: z
    .int()
    .min(0)
    .max(mostOptions)
    .default(0)
    .meta({ description: "How many of them one person may choose; 0 any number" }),
});

function pollOf({ message, poll, pollMaxOptions }: z.output<typeof pollFields>): PollContent {
  if (pollMaxOptions > poll.length) {
    throw new WazapiError("invalid_request", {
      message: "pollMaxOptions: more than there are options",
      details: { field: "pollMaxOptions" },
    });
  }
  return {
    kind: "poll",
    question: lineBreaks(message),
    options: poll.map(({ name }) => name),
    selectable: pollMaxOptions,
    secret: newSecret(),
  };
}

/** The routes that send everything about another message, and what people answer together, by kind. */
export const socialRoutes = {
  reaction: [
    sendRoute({
      id: "sendReaction",
      path: "/send-reaction",
      summary: "React to a message with an emoji",
      about: "message",
      body: reactionFields.extend({ reaction: z.string().trim().min(1).max(64).meta({ description: "An emoji" }) }),
      content: ({ body: { reaction, messageId, sender } }) => ({
        kind: "reaction",
        messageId,
        emoji: reaction,
        ...(sender !== undefined && { sender }),
      }),
    }),
    sendRoute({
      id: "sendRemoveReaction",
      path: "/send-remove-reaction",
      summary: "Take a reaction back",
      about: "message",
      body: reactionFields,
      content: ({ body: { messageId, sender } }) => ({
        kind: "reaction",
        messageId,
        emoji: "",
        ...(sender !== undefined && { sender }),
      }),
    }),
  ],
  forward: [
    sendRoute({
      id: "forwardMessage",
      path: "/forward-message",
      summary: "Send a message of another chat on; files are not uploaded again",
      about: "message",
      body: z.object({
        ...aboutMessage,
        messagePhone: chat.optional().meta({ description: "Chat the message is in" }),
      }),
      aliases: { fromPhone: "messagePhone", sourceChat: "messagePhone" },
      content: ({ body: { messageId, messagePhone } }) => ({
        kind: "forward",
        messageId,
        secret: newSecret(),
        ...(messagePhone !== undefined && { from: messagePhone }),
      }),
    }),
  ],
  pin: [
    sendRoute({
      id: "pinMessage",
      path: "/pin-message",
      summary: "Pin a message in its chat, or take it down",
      about: "message",
      body: pinFields,
      content: ({ body: { messageId, sender, messageAction, pin, pinMessageDuration } }) => ({
        kind: "pin",
        messageId,
        isPinned: messageAction === undefined ? (pin ?? true) : messageAction === "pin",
        forSeconds: pinSeconds[pinMessageDuration],
        ...(sender !== undefined && { sender }),
      }),
    }),
  ],
  poll: [
    sendRoute({
      id: "sendPoll",
      path: "/send-poll",
      summary: "Send a poll",
      body: pollFields,
      content: ({ body }) => pollOf(body),
    }),
  ],
  pollVote: [
    sendRoute({
      id: "sendPollVote",
      path: "/send-poll-vote",
      summary: "Vote in a poll; the new vote replaces an earlier one",
      body: z.object({
        pollMessageId: messageId.meta({ description: "Message id of the poll" }),
        pollVote: z
          .array(z.union([z.object({ name: z.string() }), z.string().transform((name) => ({ name }))]))
          .max(mostOptions)
          .meta({ description: "The options chosen, as they are written in the poll; none takes the vote back" }),
      }),
      aliases: { pollId: "pollMessageId", options: "pollVote" },
      content: ({ body: { pollMessageId, pollVote } }) => ({
        kind: "pollVote",
        messageId: pollMessageId,
        options: [...new Set(pollVote.map(({ name }) => name))],
      }),
    }),
  ],
  event: [eventRoute],
  eventEdit: [eventEditRoute],
  eventResponse: [eventResponseRoute],
} as const satisfies Record<SocialContent["kind"], readonly SendRoute[]>;
