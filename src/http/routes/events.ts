import { z } from "zod";

import { callbackTypes } from "#callbacks/definition.ts";
import { WazapiError } from "#domain/errors.ts";
import { parseChat } from "#domain/phone.ts";
import type { Delivery } from "#store/deliveries.ts";
import type { EventRow } from "#store/records.ts";

import { streamEvents } from "../event-stream.ts";
import { operation, RawAnswer } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { chat, instancePath, moment, whole } from "../schemas.ts";
import { hookUrl, requireCallable } from "./hook-fields.ts";

const tag = "events";
const replayMax = 10_000;
const deliveryStates = ["pending", "delivered", "dead", "discarded"] as const;

const eventSummary = z
  .strictObject({
    eventId: z.string(),
    instanceId: z.string(),
    sequence: z.number().meta({ description: "1, 2, 3… inside the instance" }),
    position: z.number().meta({ description: "Grows over all instances; cursor of lists and streams" }),
    type: z.string(),
    chatId: z.string().optional(),
    messageId: z.string().optional(),
    occurredAt: z.number(),
    createdAt: z.number(),
  })
  .meta({ id: "Event" });

const attempt = z.strictObject({
  at: z.number(),
  durationMs: z.number(),
  status: z.number().optional(),
  error: z.string().optional(),
  answer: z.string().optional(),
  counted: z.boolean(),
});

const delivery = z.strictObject({
  deliveryId: z.number(),
  hookId: z.string(),
  slot: z.string(),
  url: z.string(),
  state: z.enum(deliveryStates),
  attempts: z.number(),
  dueAt: z.number(),
  lastError: z.string().optional(),
  tries: z.array(attempt),
});

/** Names of callbacks, separated by commas. A misspelt one is refused: it would be a stream that stays silent. */
const typeList = z
  .string()
  .max(400)
  .transform((text) => text.split(",").map((name) => name.trim()))
  .pipe(z.array(z.enum(callbackTypes)).min(1))
  .transform((names): ReadonlySet<string> => new Set(names));

/** The outbox: what happened, and what became of it. */
export const eventOperations: readonly Operation[] = [
  operation({
    id: "listEvents",
    method: "GET",
    path: `${instancePath}/events`,
    summary: "Events, newest first",
    tag,
    scope: "instance",
    query: z.object({
      chatId: z.string().max(128).optional(),
      type: z.string().max(100).optional(),
      state: z.enum(deliveryStates).optional().meta({ description: "State of one of its deliveries" }),
      from: moment.optional(),
      to: moment.optional(),
      before: whole({ min: 1, max: Number.MAX_SAFE_INTEGER })
        .optional()
        .meta({ description: "`next` of the former answer" }),
      limit: whole({ min: 1, max: 200 }).default(50),
    }),
    response: z.strictObject({ events: z.array(eventSummary), next: z.number().nullable() }),
    run: async ({ deps, instance }, { query }) => {
      const { state, chatId, limit, before, ...rest } = query;
      const found = await deps.store.events.list({
        ...defined(rest),
        instanceId: instance.id,
        ...(chatId !== undefined && { chatId: parseChat(chatId) }),
        ...(state !== undefined && { deliveryState: state }),
        ...(before !== undefined && { before }),
        limit,
      });
      const next = found.length < limit ? null : (found.at(-1)?.position ?? null);
      return { events: found.map(summaryOf), next };
    },
  }),
  operation({
    id: "getEvent",
    method: "GET",
    path: `${instancePath}/events/{eventId}`,
    summary: "One event with its webhook body, its deliveries and every try",
    tag,
    scope: "instance",
    params: z.object({ eventId: z.string().min(1).max(128) }),
    response: eventSummary.extend({ payload: z.unknown(), deliveries: z.array(delivery) }),
    run: async ({ deps, instance }, { params: { eventId } }) => {
      const event = await deps.store.events.get({ instanceId: instance.id, eventId });
      if (event === undefined) throw new WazapiError("event_not_found");
      const { deliveries } = deps.store;
      const found = await deliveries.list({ instanceId: instance.id, eventId, limit: 100 });
      const withTries = found.map(async (one) =>
        deliveryOf(one, await deliveries.attempts({ deliveryId: one.deliveryId })),
      );
      return {
        ...summaryOf(event),
        payload: (await deps.renderEvent(event)) ?? null,
        deliveries: await Promise.all(withTries),
      };
    },
  }),
  operation({
    id: "replayEvents",
    method: "POST",
    path: `${instancePath}/events/replay`,
    summary: "Deliver matching events again, in order and under their old ids",
    tag,
    scope: "instance",
    body: z.object({
      eventIds: z.array(z.string().min(1).max(128)).min(1).max(1000).optional(),
      from: moment.optional(),
      to: moment.optional(),
      chatId: chat.optional(),
      type: z.string().max(100).optional(),
      state: z.enum(deliveryStates).optional(),
      url: hookUrl.optional().meta({ description: "Deliver there instead of to the configured URLs" }),
    }),
    aliases: { phone: "chatId", deliveryState: "state" },
    response: z.strictObject({ replayed: z.number() }),
    run: async ({ deps, instance }, { body }) => {
      const { state, url, ...selected } = body;
      const selector = defined({ ...selected, deliveryState: state });
      if (Object.keys(selector).length === 0) {
        throw new WazapiError("invalid_request", {
          message: "say which events: eventIds, from, to, chatId, type or state",
        });
      }
      if (url !== undefined && url !== "") await requireCallable(deps, url);
      const replayed = await deps.store.events.replay({
        selector: { ...selector, instanceId: instance.id },
        ...(url !== undefined && url !== "" && { url }),
        limit: replayMax,
        now: deps.clock.now(),
      });
      if (replayed > 0) deps.wake.deliveries();
      return { replayed };
    },
  }),
  operation({
    id: "streamEvents",
    method: "GET",
    path: "/events",
    summary: "Every event as it is stored, as server-sent events; `Last-Event-ID` resumes without a gap",
    tag,
    scope: "partner",
    query: z.object({
      instanceId: z.string().max(64).optional(),
      instance: z.string().max(64).optional().meta({ description: "The same as `instanceId`" }),
      types: typeList.optional().meta({ description: "Callback types, separated by commas; default: all" }),
      type: typeList.optional().meta({ description: "The same as `types`" }),
      after: whole({ min: 0, max: Number.MAX_SAFE_INTEGER })
        .optional()
        .meta({ description: "Start behind this position; 0 is the oldest kept" }),
    }),
    answers: "text/event-stream",
    run: async (context, { query }) => {
      const resumed = context.header("last-event-id");
      const after = resumed !== undefined && /^\d{1,15}$/.test(resumed) ? Number(resumed) : query.after;
      const instanceId = query.instanceId ?? query.instance;
      if (instanceId !== undefined && (await context.deps.store.instances.get({ instanceId })) === undefined) {
        throw new WazapiError("instance_not_found");
      }
      const stream = streamEvents(
        { ...context.deps, signal: AbortSignal.any([context.signal, context.deps.stopping]) },
        { after, instanceId, types: query.types ?? query.type },
      );
      return new RawAnswer(await stream, {
        contentType: "text/event-stream; charset=utf-8",
        headers: { "x-accel-buffering": "no" },
      });
    },
  }),
];

/** The fields that have a value, so that an absent filter stays absent. */
function defined<T extends Readonly<Record<string, unknown>>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // Leaving out undefined values is what the type says.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function summaryOf(event: EventRow): z.input<typeof eventSummary> {
  return {
    eventId: event.eventId,
    instanceId: event.instanceId,
    sequence: event.sequence,
    position: event.position,
    type: event.type,
    ...(event.chatId !== undefined && { chatId: event.chatId }),
    ...(event.messageId !== undefined && { messageId: event.messageId }),
    occurredAt: event.occurredAt,
    createdAt: event.createdAt,
  };
}

function deliveryOf(one: Delivery, tries: readonly z.input<typeof attempt>[]): z.input<typeof delivery> {
  return {
    deliveryId: one.deliveryId,
    hookId: one.hookId,
    slot: one.slot,
    url: one.url,
    state: one.state,
    attempts: one.attempts,
    dueAt: one.dueAt,
    ...(one.lastError !== undefined && { lastError: one.lastError }),
    tries: tries.map((one) => ({ ...one })),
  };
}
