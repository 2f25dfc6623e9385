import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";
import { phoneOf } from "#domain/phone.ts";
import type { QueuedMessage, QueueState } from "#store/queue.ts";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { instancePath, isoTime, whole } from "../schemas.ts";

const tag = "queue";
const waiting: readonly QueueState[] = ["queued", "sending"];

const item = z
  .strictObject({
    _id: z.string(),
    ZaapId: z.string(),
    MessageId: z.string(),
    InstanceId: z.string(),
    Phone: z.string(),
    Message: z.string(),
    DelayMessage: z.number().meta({ description: "Seconds; -1 when unset" }),
    DelayTyping: z.number(),
    Created: z.number().meta({ description: "Epoch milliseconds" }),
    CreatedAt: z.string(),
    IsTrial: z.boolean(),
    Beta: z.boolean(),
    Type: z.string(),
    State: z.enum(["queued", "sending", "sent", "failed", "canceled"]),
    Attempts: z.number(),
    LastError: z.string().optional(),
    NotBefore: z
      .string()
      .optional()
      .meta({ description: "It waits until then, and only its chat behind it: a retry, its delay, a restriction" }),
    WaitsFor: z
      .enum(["restriction"])
      .optional()
      .meta({ description: "What it waits for, where that may end before `NotBefore`" }),
    ScheduledFor: z.string().optional(),
  })
  .meta({ id: "QueuedMessage" });

/** Which messages a list shows: those that wait, or those that ended one way. */
const shown = z.enum(["waiting", "failed", "sent", "canceled"]).default("waiting");
const statesOf = (which: z.output<typeof shown>): readonly QueueState[] => (which === "waiting" ? waiting : [which]);

const zaapParams = z.object({ zaapId: z.string().min(1).max(128) });

/** Messages that wait to be sent. */
export const queueOperations: readonly Operation[] = [
  operation({
    id: "listQueue",
    method: "GET",
    path: `${instancePath}/queue`,
    summary: "Waiting messages by page; prefer POST",
    tag,
    scope: "instance",
    deprecated: true,
    query: z.object({
      page: whole({ min: 1, max: 1_000_000 }).default(1),
      pageSize: whole({ min: 1, max: 1000 }).default(100),
      state: shown,
    }),
    response: z.array(item),
    run: async ({ deps, instance }, { query: { page, pageSize, state } }) => {
      const offset = (page - 1) * pageSize;
      const messages = await deps.store.queue.list({
        instanceId: instance.id,
        states: statesOf(state),
        offset,
        limit: pageSize,
      });
      return messages.map((message) => itemOf(instance, message));
    },
  }),
  operation({
    id: "pageQueue",
    method: "POST",
    path: `${instancePath}/queue`,
    summary: "Messages in order of sending, with a cursor: those that wait, or `state`",
    tag,
    scope: "instance",
    body: z.object({
      pageSize: z.int().min(1).max(30).default(20),
      pagingState: z.string().max(64).optional().meta({ description: "Cursor of the former answer" }),
      state: shown,
    }),
    response: z.strictObject({ messages: z.array(item), pagingState: z.string().nullable(), hasMore: z.boolean() }),
    run: async ({ deps, instance }, { body: { pageSize, pagingState, state } }) => {
      const after = pagingState === undefined || pagingState === "" ? undefined : sequenceOf(pagingState);
      const found = await deps.store.queue.list({
        instanceId: instance.id,
        states: statesOf(state),
        ...(after !== undefined && { after }),
        limit: pageSize + 1,
      });
      const messages = found.slice(0, pageSize);
      const last = messages.at(-1);
      return {
        messages: messages.map((message) => itemOf(instance, message)),
        pagingState: last === undefined ? null : cursorOf(last.sequence),
        hasMore: found.length > pageSize,
      };
    },
  }),
  operation({
    id: "countQueue",
    method: "GET",
    path: `${instancePath}/queue/count`,
    summary: "How many messages wait",
    tag,
    scope: "instance",
    response: z.strictObject({ count: z.number() }),
    run: async ({ deps, instance }) => ({
      count: await deps.store.queue.count({ instanceId: instance.id, states: waiting }),
    }),
  }),
  operation({
    id: "purgeQueue",
    method: "DELETE",
    path: `${instancePath}/queue`,
    summary: "Cancel every waiting message; one that is being sent is not stopped",
    tag,
    scope: "instance",
    response: z.strictObject({ value: z.boolean(), canceled: z.number() }),
    run: async ({ deps, instance }) => ({
      value: true,
      canceled: await deps.store.queue.purge({ instanceId: instance.id, now: deps.clock.now() }),
    }),
  }),
  operation({
    id: "cancelQueued",
    method: "DELETE",
    path: `${instancePath}/queue/{zaapId}`,
    summary: "Cancel one waiting message",
    tag,
    scope: "instance",
    params: zaapParams,
    response: z.strictObject({ value: z.boolean() }),
    run: async ({ deps, instance }, { params: { zaapId } }) => {
      const outcome = await deps.store.queue.cancel({ instanceId: instance.id, zaapId, now: deps.clock.now() });
      if (outcome === "gone") throw new WazapiError("message_not_found", { message: "no such message waits" });
      if (outcome === "sending") throw new WazapiError("conflict", { message: "the message is being sent" });
      return { value: true };
    },
  }),
  operation({
    id: "retryQueued",
    method: "POST",
    path: `${instancePath}/queue/{zaapId}/retry`,
    summary: "Put a failed message back into the line",
    tag,
    scope: "instance",
    params: zaapParams,
    response: z.strictObject({ value: z.boolean() }),
    run: async ({ deps, instance }, { params: { zaapId } }) => {
      const found = await deps.store.queue.get({ instanceId: instance.id, zaapId });
      if (found === undefined) throw new WazapiError("message_not_found");
      const requeued = await deps.store.queue.requeueFailed({ instanceId: instance.id, zaapId, now: deps.clock.now() });
      if (requeued === 0) throw new WazapiError("conflict", { message: `the message is ${found.state}, not failed` });
      deps.wake.queue(instance.id);
      return { value: true };
    },
  }),
];

function itemOf(instance: Instance, message: QueuedMessage): z.input<typeof item> {
  const { content } = message.outgoing;
  return {
    _id: message.zaapId,
    ZaapId: message.zaapId,
    MessageId: message.messageId,
    InstanceId: message.instanceId,
    Phone: phoneOf(message.outgoing.to),
    Message: content.kind === "text" ? content.text : "",
    DelayMessage: message.delayMs === undefined ? -1 : message.delayMs / 1000,
    DelayTyping: message.typingMs / 1000,
    Created: message.createdAt,
    CreatedAt: isoTime(message.createdAt),
    IsTrial: instance.subscription.state === "trial",
    Beta: false,
    Type: content.kind,
    State: message.state,
    Attempts: message.attempts,
    ...(message.lastError !== undefined && { LastError: message.lastError }),
    ...(message.state === "queued" && message.dueAt > message.updatedAt && { NotBefore: isoTime(message.dueAt) }),
    ...(message.waitsFor !== undefined && { WaitsFor: message.waitsFor }),
    ...(message.scheduledAt !== undefined && { ScheduledFor: isoTime(message.scheduledAt) }),
  };
}

function cursorOf(sequence: number): string {
  return Buffer.from(`seq:${sequence}`).toString("base64url");
}

function sequenceOf(cursor: string): number {
  const sequence = /^seq:(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("utf8"))?.[1];
  if (sequence !== undefined) return Number(sequence);
  throw new WazapiError("invalid_request", {
    message: "pagingState: is no cursor of this list",
    details: { field: "pagingState" },
  });
}
