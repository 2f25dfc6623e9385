import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { Attempt, Delivery, DeliveryState } from "#store/deliveries.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation, RequestContext } from "../operation.ts";
import { instancePath, isoTime, whole } from "../schemas.ts";

const tag = "dlq";
const retryAllMax = 500;

const statuses = ["pending", "processing", "success", "failed", "discarded"] as const;

// The names of the API for the states of a delivery. One that is retried leaves the dead letters at once.
const stateOfStatus = {
  pending: "dead",
  failed: "dead",
  discarded: "discarded",
  processing: undefined,
  success: undefined,
} as const satisfies Record<(typeof statuses)[number], DeliveryState | undefined>;

const deadLetterFields = {
  event_id: z.string(),
  instance_id: z.string(),
  event_type: z.string(),
  source_lib: z.string(),
  url: z.string(),
  failure_reason: z.string(),
  last_error: z.string(),
  total_attempts: z.number(),
  reprocess_status: z.enum(statuses),
  reprocess_attempts: z.number(),
  moved_to_dlq_at: z.string(),
  first_attempt_at: z.string(),
  last_attempt_at: z.string(),
  created_at: z.string(),
};
const deadLetter = z.strictObject(deadLetterFields).meta({ id: "DeadLetter" });
const eventParams = z.object({ eventId: z.string().min(1).max(128) });
const acted = z.strictObject({ success: z.boolean(), event_id: z.string(), message: z.string() });

/** Events that an endpoint refused until their tries were used up. */
export const dlqOperations: readonly Operation[] = [
  operation({
    id: "getDeadLetterStats",
    method: "GET",
    path: `${instancePath}/dlq/stats`,
    summary: "Counters of dead webhook deliveries",
    tag,
    scope: "instance",
    response: z.strictObject({
      total_events: z.number(),
      by_status: z.record(z.string(), z.number()),
      by_event_type: z.record(z.string(), z.number()),
      by_failure_reason: z.record(z.string(), z.number()),
    }),
    run: async ({ deps, instance }) => {
      const stats = await deps.store.deliveries.stats({ instanceId: instance.id });
      const pending = stats.byState["dead"] ?? 0;
      const discarded = stats.byState["discarded"] ?? 0;
      return {
        total_events: pending + discarded,
        by_status: { pending, discarded },
        by_event_type: { ...stats.deadByType },
        by_failure_reason: { ...stats.deadByError },
      };
    },
  }),
  operation({
    id: "listDeadLetters",
    method: "GET",
    path: `${instancePath}/dlq/events`,
    summary: "Dead webhook deliveries, newest first",
    tag,
    scope: "instance",
    query: z.object({
      page: whole({ min: 1, max: 1_000_000 }).default(1),
      pageSize: whole({ min: 1, max: 100 }).default(20),
      status: z.enum(statuses).default("pending"),
      eventType: z.string().max(100).optional(),
    }),
    response: z.strictObject({
      events: z.array(deadLetter),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
    }),
    run: async ({ deps, instance }, { query }) => {
      const { page, pageSize } = query;
      const state = stateOfStatus[query.status];
      if (state === undefined) return { events: [], total: 0, page, page_size: pageSize };
      const filter = {
        instanceId: instance.id,
        state,
        ...(query.eventType !== undefined && { type: query.eventType }),
      };
      const offset = (page - 1) * pageSize;
      const events = await deps.store.deliveries.list({ ...filter, limit: pageSize, offset });
      const total = await deps.store.deliveries.count(filter);
      return { events: events.map((delivery) => deadLetterOf(delivery, [])), total, page, page_size: pageSize };
    },
  }),
  operation({
    id: "getDeadLetter",
    method: "GET",
    path: `${instancePath}/dlq/events/{eventId}`,
    summary: "One dead delivery with the webhook body",
    tag,
    scope: "instance",
    params: eventParams,
    response: z.strictObject({
      ...deadLetterFields,
      original_payload: z.unknown(),
      original_metadata: z.record(z.string(), z.unknown()),
    }),
    run: async (context, { params: { eventId } }) => {
      const delivery = await findDead(context, eventId);
      const { event, deliveryId, hookId, slot, attempts } = delivery;
      return {
        ...deadLetterOf(delivery, await context.deps.store.deliveries.attempts({ deliveryId })),
        original_payload: (await context.deps.renderEvent(event)) ?? null,
        original_metadata: { deliveryId, hookId, slot, attempts, sequence: event.sequence, position: event.position },
      };
    },
  }),
  operation({
    id: "retryDeadLetter",
    method: "POST",
    path: `${instancePath}/dlq/events/{eventId}/retry`,
    summary: "Put a dead delivery back into its lane, under the same event id",
    tag,
    scope: "instance",
    params: eventParams,
    response: acted,
    run: async (context, { params: { eventId } }) => {
      const { deps, instance } = context;
      const { state } = await findDead(context, eventId);
      if (state !== "dead") throw new WazapiError("conflict", { message: "event is not in a retryable state" });
      await deps.store.deliveries.revive({ instanceId: instance.id, eventId, limit: 100, now: deps.clock.now() });
      deps.wake.deliveries();
      return { success: true, event_id: eventId, message: "the event waits in its lane again" };
    },
  }),
  operation({
    id: "discardDeadLetter",
    method: "POST",
    path: `${instancePath}/dlq/events/{eventId}/discard`,
    summary: "Mark a dead delivery as discarded",
    tag,
    scope: "instance",
    params: eventParams,
    response: acted,
    run: async (context, { params: { eventId } }) => {
      const { deps, instance } = context;
      await findDead(context, eventId);
      await deps.store.deliveries.discard({ instanceId: instance.id, eventId, limit: 100, now: deps.clock.now() });
      return { success: true, event_id: eventId, message: "the event is discarded" };
    },
  }),
  operation({
    id: "retryDeadLetters",
    method: "POST",
    path: `${instancePath}/dlq/retry-all`,
    summary: "Put dead deliveries back into their lanes",
    tag,
    scope: "instance",
    query: z.object({
      limit: whole({ min: 1, max: 1_000_000 })
        .default(100)
        .meta({ description: `At most ${retryAllMax} at once` }),
    }),
    response: z.strictObject({ success: z.boolean(), retried_count: z.number(), failed_count: z.number() }),
    run: async ({ deps, instance }, { query }) => {
      const limit = Math.min(query.limit, retryAllMax);
      const retried = await deps.store.deliveries.revive({ instanceId: instance.id, limit, now: deps.clock.now() });
      if (retried > 0) deps.wake.deliveries();
      return { success: true, retried_count: retried, failed_count: 0 };
    },
  }),
  operation({
    id: "purgeDeadLetters",
    method: "DELETE",
    path: `${instancePath}/dlq/purge`,
    summary: "Delete discarded deliveries older than some days",
    tag,
    scope: "instance",
    query: z.object({ olderThanDays: whole({ min: 1, max: 3650 }).default(7) }),
    response: z.strictObject({ success: z.boolean(), deleted_count: z.number() }),
    run: async ({ deps, instance }, { query }) => {
      const before = deps.clock.now() - query.olderThanDays * 24 * 60 * 60 * 1000;
      const deleted = await deps.deadLetters.purge({ instanceId: instance.id, before });
      return { success: true, deleted_count: deleted };
    },
  }),
];

async function findDead({ deps, instance }: RequestContext & InstanceContext, eventId: string): Promise<Delivery> {
  for (const state of ["dead", "discarded"] as const) {
    const [delivery] = await deps.store.deliveries.list({ instanceId: instance.id, eventId, state, limit: 1 });
    if (delivery !== undefined) return delivery;
  }
  throw new WazapiError("event_not_found", { message: "DLQ event not found" });
}

function deadLetterOf(delivery: Delivery, attempts: readonly Attempt[]): z.input<typeof deadLetter> {
  const { event } = delivery;
  return {
    event_id: event.eventId,
    instance_id: delivery.instanceId,
    event_type: event.type,
    source_lib: "baileys",
    url: delivery.url,
    failure_reason: "max_retries_exceeded",
    last_error: delivery.lastError ?? "",
    total_attempts: delivery.attempts,
    reprocess_status: delivery.state === "discarded" ? "discarded" : "pending",
    reprocess_attempts: 0,
    moved_to_dlq_at: isoTime(delivery.updatedAt),
    first_attempt_at: isoTime(attempts[0]?.at ?? delivery.createdAt),
    last_attempt_at: isoTime(attempts.at(-1)?.at ?? delivery.updatedAt),
    created_at: isoTime(event.createdAt),
  };
}
