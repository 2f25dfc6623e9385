import { z } from "zod";

import { messageId } from "#http/schemas.ts";

import { WazapiError } from "#domain/errors.ts";
import type { EventEditContent, EventFacts } from "#domain/outgoing/social.ts";

import { contextFields, sendRoute } from "../send-kind.ts";
import { newSecret } from "./answer-secret.ts";
import { eventTime } from "./event-time.ts";

const place = z.object({
  name: z.string().max(1024).default(""),
  degreesLatitude: z.number().min(-90).max(90).optional(),
  degreesLongitude: z.number().min(-180).max(180).optional(),
});

const time = z.string().min(1).max(64);
const title = z.string().trim().min(1).max(100);
const description = z.string().max(2048).optional();

const event = z.object({
  name: title,
  description,
  dateTime: time.meta({ description: "When it begins: ISO 8601. Without an offset it is meant in `timeZone`" }),
  endDateTime: time.optional().meta({ description: "When it ends" }),
  timeZone: z
    .string()
    .max(64)
    .optional()
    .meta({ description: "`UTC-3` or a name like `America/Sao_Paulo`; UTC when absent" }),
  location: place.optional(),
  callLinkType: z.enum(["voice", "video"]).optional().meta({ description: "Adds the link of a call" }),
  canceled: z.boolean().default(false),
});

const reply = contextFields.pick({ messageId: true, privateAnswer: true });

/** Sends an appointment. */
export const eventRoute = sendRoute({
  id: "sendEvent",
  path: "/send-event",
  summary: "Send an event (appointment)",
  body: reply.extend({ event }),
  content: ({ body }) => ({ kind: "event", ...factsOf(body.event), secret: newSecret() }),
});

const eventMessageId = messageId.meta({ description: "Message id of the event" });

/** Changes one. */
export const eventEditRoute = sendRoute({
  id: "sendEditEvent",
  path: "/send-edit-event",
  summary: "Change an event of yours; whatever is left out is gone",
  body: z.object({
    eventMessageId,
    event: event.optional().meta({ description: "The event as it is from now on" }),
    name: title.optional().meta({ description: "In place of `event`, like the next five" }),
    description,
    startTime: time.optional(),
    endTime: time.optional(),
    location: z.union([place, z.string().transform((name) => ({ name }))]).optional(),
    canceled: z.boolean().default(false),
  }),
  aliases: { eventId: "eventMessageId" },
  content: ({ body }): EventEditContent => {
    const { eventMessageId: messageId, event } = body;
    if (event !== undefined) return { kind: "eventEdit", messageId, ...factsOf(event) };
    const startAt = body.startTime === undefined ? undefined : eventTime(body.startTime, { field: "startTime" });
    const endAt = body.endTime === undefined ? undefined : eventTime(body.endTime, { field: "endTime" });
    assertOrder({ startAt, endAt, field: "endTime" });
    return {
      kind: "eventEdit",
      messageId,
      ...(body.name !== undefined && { name: body.name }),
      ...(startAt !== undefined && { startAt }),
      ...(endAt !== undefined && { endAt }),
      ...shared(body),
    };
  },
});

const answers = { GOING: "going", NOT_GOING: "notGoing", MAYBE: "maybe" } as const;

/** Answers one. */
export const eventResponseRoute = sendRoute({
  id: "sendEventResponse",
  path: "/send-event-response",
  summary: "Answer an event",
  body: z.object({
    eventMessageId,
    eventResponse: z
      .string()
      .transform((given) => given.toUpperCase())
      .pipe(z.enum(["GOING", "NOT_GOING", "MAYBE"]))
      .meta({ description: "`GOING`, `NOT_GOING` or `MAYBE`" }),
    extraGuestCount: z.int().min(0).max(1000).optional().meta({ description: "How many come along" }),
  }),
  aliases: { eventId: "eventMessageId", response: "eventResponse" },
  content: ({ body: { eventMessageId, eventResponse, extraGuestCount } }) => ({
    kind: "eventResponse",
    messageId: eventMessageId,
    response: answers[eventResponse],
    ...(extraGuestCount !== undefined && { extraGuests: extraGuestCount }),
  }),
});

function factsOf(given: z.output<typeof event>): EventFacts {
  const { name, dateTime, endDateTime, timeZone, callLinkType } = given;
  const startAt = eventTime(dateTime, { timeZone, field: "event.dateTime" });
  const endAt =
    endDateTime === undefined ? undefined : eventTime(endDateTime, { timeZone, field: "event.endDateTime" });
  assertOrder({ startAt, endAt, field: "event.endDateTime" });
  return {
    name,
    startAt,
    ...(endAt !== undefined && { endAt }),
    ...shared(given),
    ...(callLinkType !== undefined && { callLink: callLinkType === "voice" ? "audio" : "video" }),
  };
}

/** What both spellings of an event have in common. */
function shared(given: {
  readonly description?: string | undefined;
  readonly location?:
    | {
        readonly name: string;
        readonly degreesLatitude?: number | undefined;
        readonly degreesLongitude?: number | undefined;
      }
    | undefined;
  readonly canceled: boolean;
}): Pick<EventFacts, "description" | "location" | "isCanceled"> {
  const { description, location, canceled } = given;
  return {
    ...(description !== undefined && { description }),
    ...(location !== undefined && {
      location: {
        name: location.name,
        ...(location.degreesLatitude !== undefined && { latitude: location.degreesLatitude }),
        ...(location.degreesLongitude !== undefined && { longitude: location.degreesLongitude }),
      },
    }),
    isCanceled: canceled,
  };
}

function assertOrder(times: {
  readonly startAt: number | undefined;
  readonly endAt: number | undefined;
  readonly field: string;
}): void {
  const { startAt, endAt, field } = times;
  if (startAt === undefined || endAt === undefined || endAt >= startAt) return;
  throw new WazapiError("invalid_request", { message: `${field}: before the beginning`, details: { field } });
}
