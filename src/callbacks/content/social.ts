import { z } from "zod";
import type { MessageRef } from "#domain/captured-content.ts";
import { defineContent } from "../definition.ts";
import { digitsOf } from "../people.ts";

const referencedMessage = z.object({
  messageId: z.string(),
  fromMe: z.boolean(),
  phone: z.string(),
  participant: z.string().nullable().describe("author in a group; null in a 1:1 chat"),
});

const options = z.array(z.object({ name: z.string() }));

/** A reaction, or the end of one. */
export const reaction = defineContent({
  content: "reaction",
  summary: "A reaction to a message; an empty value takes it back",
  payload: z.object({
    reaction: z.object({
      value: z.string(),
      time: z.int().describe("epoch milliseconds on the sender's clock"),
      reactionBy: z.string().describe("digits"),
      referencedMessage,
    }),
  }),
  render: ({ value, time, by, target }) => ({
    reaction: { value, time, reactionBy: digitsOf(by), referencedMessage: renderRef(target) },
  }),
});

/** A question with answers to choose from. */
export const poll = defineContent({
  content: "poll",
  summary: "A poll",
  payload: z.object({
    poll: z.object({
      question: z.string(),
      pollMaxOptions: z.int().describe("0: as many as one likes"),
      options,
      endTime: z.int().optional().describe("epoch milliseconds after which nobody can vote"),
      hideVoters: z.boolean().optional().describe("nobody is shown who chose what"),
    }),
  }),
  render: (content) => ({
    poll: {
      question: content.question,
      pollMaxOptions: content.maxOptions,
      options: content.options.map((name) => ({ name })),
      ...(content.endsAt === undefined ? {} : { endTime: content.endsAt }),
      ...(content.hidesVoters === undefined ? {} : { hideVoters: content.hidesVoters }),
    },
  }),
});

/** A vote; no options when it was taken back. */
export const pollVote = defineContent({
  content: "pollVote",
  summary: "A vote in a poll; no options when it was taken back",
  payload: z.object({ pollVote: z.object({ pollMessageId: z.string(), options }) }),
  render: (content) => ({
    pollVote: { pollMessageId: content.pollMessageId, options: content.options.map((name) => ({ name })) },
  }),
});

/** A message was pinned in its chat, or no longer is. */
export const pin = defineContent({
  content: "pin",
  summary: "A message was pinned or unpinned",
  payload: z.object({
    pinMessage: z.object({
      action: z.enum(["pin", "unpin"]),
      pinDurationInSecs: z.int(),
      referencedMessage,
    }),
  }),
  render: ({ action, durationSeconds, target }) => ({
    pinMessage: { action, pinDurationInSecs: durationSeconds, referencedMessage: renderRef(target) },
  }),
});

/** An event to take part in. */
export const event = defineContent({
  content: "event",
  summary: "An event to take part in",
  payload: z.object({
    event: z.object({
      name: z.string(),
      description: z.string(),
      canceled: z.boolean(),
      joinLink: z.string(),
      scheduleTime: z.int().describe("epoch seconds"),
      location: z.object({
        name: z.string().optional(),
        address: z.string().optional(),
        latitude: z.number().optional(),
        longitude: z.number().optional(),
      }),
    }),
  }),
  render: ({ name, description, canceled, joinLink, scheduleTime, location }) => ({
    event: { name, description, canceled, joinLink, scheduleTime, location: { ...location } },
  }),
});

/** Somebody says whether they come. */
export const eventResponse = defineContent({
  content: "eventResponse",
  summary: "Somebody answers an event",
  payload: z.object({
    eventResponse: z.object({
      response: z.enum(["GOING", "NOT_GOING", "MAYBE"]),
      responseFrom: z.string().describe("digits"),
      time: z.int().describe("epoch milliseconds"),
      referencedMessage,
    }),
  }),
  render: ({ response, by, time, target }) => ({
    eventResponse: { response, responseFrom: digitsOf(by), time, referencedMessage: renderRef(target) },
  }),
});

/** An invitation to run a channel. */
export const newsletterAdminInvite = defineContent({
  content: "newsletterAdminInvite",
  summary: "An invitation to run a channel",
  payload: z.object({
    newsletterAdminInvite: z.object({
      newsletterId: z.string(),
      newsletterName: z.string(),
      text: z.string(),
      inviteExpiration: z.int().describe("epoch seconds"),
    }),
  }),
  render: ({ newsletterId, newsletterName, text, inviteExpiration }) => ({
    newsletterAdminInvite: { newsletterId, newsletterName, text, inviteExpiration },
  }),
});

function renderRef({ messageId, fromMe, phone, participant }: MessageRef): z.input<typeof referencedMessage> {
  return { messageId, fromMe, phone, participant: participant ?? null };
}
