import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { statusRank } from "#domain/message-status.ts";
import type { MessageStatus } from "#domain/message-status.ts";
import { parseChat, phoneOf } from "#domain/phone.ts";
import type { MessageTrace } from "#store/messages.ts";
import type { EventRow } from "#store/records.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { instancePath, queryFlag, whole } from "../schemas.ts";

const tag = "messages-status";
const statusType = "MessageStatusCallback";
/** Newest status events looked through when no chat and no message is named. */
const maxScanned = 1000;

const aggregated = z.strictObject({
  messageId: z.string(),
  instanceId: z.string(),
  groupId: z.string().optional(),
  phone: z.string(),
  isGroup: z.boolean(),
  totalParticipants: z.number(),
  status: z
    .strictObject({ sent: z.number(), delivered: z.number(), read: z.number(), played: z.number() })
    .meta({ description: "How many have come at least this far" }),
  participants: z.array(z.strictObject({ phone: z.string(), status: z.string(), timestamp: z.number() })).optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const raw = z.strictObject({
  messageId: z.string(),
  instanceId: z.string(),
  phone: z.string(),
  payload: z.unknown().meta({ description: "The body of the webhook" }),
  cachedAt: z.number(),
});

const statusQuery = z.object({
  messageId: z.string().max(128).optional(),
  groupId: z.string().max(128).optional(),
  phone: z.string().max(128).optional(),
  format: z.string().max(32).optional().meta({ description: "`raw`, or anything else for aggregated" }),
  limit: whole({ min: 1, max: 1_000_000 }).default(100).meta({ description: "At most 1000" }),
  offset: whole({ min: 0, max: 1_000_000 }).default(0),
  includeParticipants: queryFlag.default(false),
});

const selection = { messageId: z.string().max(128).optional() };

/** States of messages. Nothing is withheld or cached here: every state is a row, and its webhook leaves at once. */
export const messagesStatusOperations: readonly Operation[] = [
  operation({
    id: "getMessagesStatus",
    method: "GET",
    path: `${instancePath}/messages-status`,
    summary: "States of one message, of a chat, or of the newest messages",
    tag,
    scope: "instance",
    query: statusQuery,
    response: z.strictObject({
      data: z.union([z.array(aggregated), z.array(raw)]),
      meta: z.strictObject({ total: z.number(), limit: z.number(), offset: z.number() }),
    }),
    run: async (context, { query }) => {
      const limit = Math.min(query.limit, 1000);
      const found = query.format === "raw" ? await rawStates(context, query) : await states(context, query);
      const data = found.slice(query.offset, query.offset + limit);
      return { data: data as z.input<typeof aggregated>[], meta: { total: found.length, limit, offset: query.offset } };
    },
  }),
  operation({
    id: "flushMessagesStatus",
    method: "POST",
    path: `${instancePath}/messages-status/flush`,
    summary: "Send withheld status webhooks: none ever is",
    tag,
    scope: "instance",
    body: z.object({ ...selection, all: z.boolean().default(false) }),
    response: z.strictObject({ flushed: z.number(), webhooksTriggered: z.number() }),
    run: async (_context, { body }) => {
      requireSelection(body);
      return { flushed: 0, webhooksTriggered: 0 };
    },
  }),
  operation({
    id: "clearMessagesStatus",
    method: "DELETE",
    path: `${instancePath}/messages-status/cache`,
    summary: "Drop cached states: there is no cache, rows stay until their retention ends",
    tag,
    scope: "instance",
    query: z.object({ ...selection, all: queryFlag.default(false) }),
    response: z.strictObject({ cleared: z.number(), messageId: z.string().optional() }),
    run: async (_context, { query }) => {
      requireSelection(query);
      return { cleared: 0, ...(query.messageId !== undefined && { messageId: query.messageId }) };
    },
  }),
  operation({
    id: "getMessagesStatusStats",
    method: "GET",
    path: `${instancePath}/messages-status/stats`,
    summary: "Counters: cached states (always none) and status webhooks that wait",
    tag,
    scope: "instance",
    response: z.strictObject({
      totalEntries: z.number(),
      entriesByInstance: z.record(z.string(), z.number()),
      pendingWebhooks: z.number(),
    }),
    run: async ({ deps, instance }) => ({
      totalEntries: 0,
      entriesByInstance: { [instance.id]: 0 },
      pendingWebhooks: await deps.store.deliveries.count({
        instanceId: instance.id,
        state: "pending",
        type: statusType,
      }),
    }),
  }),
];

type StatusQuery = z.output<typeof statusQuery>;

async function states(context: InstanceContext, query: StatusQuery): Promise<readonly z.input<typeof aggregated>[]> {
  const { deps, instance } = context;
  const found: z.input<typeof aggregated>[] = [];
  for (const messageId of await messageIds(context, query)) {
    const trace = await deps.store.messages.trace({ instanceId: instance.id, messageId });
    if (trace !== undefined) found.push(aggregate(instance.id, trace, query.includeParticipants));
  }
  return found;
}

/** Message before group before phone before everything. */
async function messageIds({ deps, instance }: InstanceContext, query: StatusQuery): Promise<readonly string[]> {
  if (query.messageId !== undefined) return [query.messageId];
  const chatId = chatOf(query);
  const limit = Math.min(query.offset + Math.min(query.limit, 1000), maxScanned);
  if (chatId !== undefined) {
    const messages = await deps.store.messages.list({ instanceId: instance.id, chatId, limit });
    return messages.filter((message) => message.fromMe).map((message) => message.messageId);
  }
  const events = await statusEvents({ deps, instance }, query);
  return [...new Set(events.flatMap(messageIdsOf))].slice(0, limit);
}

async function rawStates(context: InstanceContext, query: StatusQuery): Promise<readonly z.input<typeof raw>[]> {
  const events = await statusEvents(context, query);
  const found = events.filter(
    (event) => query.messageId === undefined || messageIdsOf(event).includes(query.messageId),
  );
  return Promise.all(
    found.map(async (event) => ({
      messageId: messageIdsOf(event)[0] ?? "",
      instanceId: event.instanceId,
      phone: event.chatId === undefined ? "" : phoneOf(event.chatId),
      payload: (await context.deps.renderEvent(event)) ?? null,
      cachedAt: event.createdAt,
    })),
  );
}

function statusEvents(
  { deps, instance }: Pick<InstanceContext, "deps" | "instance">,
  query: StatusQuery,
): Promise<readonly EventRow[]> {
  const chatId = query.messageId === undefined ? chatOf(query) : undefined;
  return deps.store.events.list({
    instanceId: instance.id,
    type: statusType,
    ...(chatId !== undefined && { chatId }),
    limit: maxScanned,
  });
}

function chatOf({ groupId, phone }: StatusQuery): string | undefined {
  if (groupId !== undefined) return parseChat(/^\d+$/.test(groupId) ? `${groupId}-group` : groupId);
  return phone === undefined ? undefined : parseChat(phone);
}

/** One receipt can speak of several messages; the captured event names them all. */
function messageIdsOf(event: EventRow): readonly string[] {
  const captured: unknown = JSON.parse(event.captured);
  const ids: unknown = typeof captured === "object" && captured !== null ? Reflect.get(captured, "messageIds") : [];
  const named = Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
  return named.length === 0 && event.messageId !== undefined ? [event.messageId] : named;
}

function aggregate(instanceId: string, trace: MessageTrace, withParticipants: boolean): z.input<typeof aggregated> {
  const chatId = trace.chatId ?? "";
  const isGroup = chatId.endsWith("@g.us");
  const reached = new Map<string, { status: MessageStatus; at: number }>();
  for (const { participant, status, at } of trace.steps) {
    if (participant === undefined) continue;
    const known = reached.get(participant);
    if (known === undefined || statusRank(status) > statusRank(known.status)) reached.set(participant, { status, at });
  }
  const furthest = reached.size > 0 ? [...reached.values()] : [{ status: trace.status }];
  const count = (status: MessageStatus) =>
    furthest.filter((one) => statusRank(one.status) >= statusRank(status)).length;
  const phone = phoneOf(chatId);
  return {
    messageId: trace.messageId,
    instanceId,
    ...(isGroup && { groupId: phone }),
    phone,
    isGroup,
    totalParticipants: reached.size,
    status: { sent: count("sent"), delivered: count("delivered"), read: count("read"), played: count("played") },
    ...(withParticipants && {
      participants: [...reached].map(([jid, { status, at }]) => ({ phone: phoneOf(jid), status, timestamp: at })),
    }),
    createdAt: trace.steps[0]?.at ?? 0,
    updatedAt: trace.steps.reduce((last, { at }) => Math.max(last, at), 0),
  };
}

function requireSelection(selected: { readonly messageId?: string | undefined; readonly all: boolean }): void {
  if (selected.all || selected.messageId !== undefined) return;
  throw new WazapiError("invalid_request", { message: "specify messageId or set all=true" });
}
