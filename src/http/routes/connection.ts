import { z } from "zod";

import { refusalSchema } from "#callbacks/refusal-schema.ts";
import { WazapiError } from "#domain/errors.ts";
import { connectionStates } from "#domain/instance.ts";
import type { Connection } from "#domain/instance.ts";
import type { SessionView } from "#domain/session.ts";
import { phoneOf } from "#domain/phone.ts";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { instancePath, messageId, whole } from "../schemas.ts";
import { newChatsAt, newChatsFields } from "./new-chats.ts";

const change = z.strictObject({
  state: z.enum(connectionStates),
  reason: z.string().optional(),
  statusCode: z.number().optional().meta({ description: "Code WhatsApp closed with" }),
  refusal: refusalSchema.optional(),
  at: z.number(),
});

const step = z.strictObject({
  status: z.string(),
  at: z.number(),
  participant: z.string().optional(),
  detail: z.string().optional(),
});

/** What is known of the connection and of single messages, with the evidence. */
export const connectionOperations: readonly Operation[] = [
  operation({
    id: "getConnection",
    method: "GET",
    path: `${instancePath}/connection`,
    summary: "State of the connection with reason, time, evidence and history",
    tag: "connection",
    scope: "instance",
    query: z.object({ limit: whole({ min: 0, max: 200 }).default(20).meta({ description: "Length of the history" }) }),
    response: change.extend({
      phone: z.string().optional(),
      lid: z.string().optional(),
      pushName: z.string().optional(),
      lastSeenAt: z.number().optional().meta({ description: "Last stanza or pong: the evidence of `connected`" }),
      owned: z.boolean().meta({ description: "Whether this process runs the socket" }),
      retry: z.strictObject({ failures: z.number(), nextAt: z.number() }).optional(),
      version: z
        .strictObject({
          number: z.string(),
          source: z.enum(["pinned", "fetched", "built-in"]),
          fetchedAt: z.number().optional(),
          expiresAt: z.number().optional().meta({ description: "Until when WhatsApp said that it takes it" }),
        })
        .optional()
        .meta({ description: "Version of WhatsApp Web that is presented" }),
      ...newChatsFields,
      history: z.array(change).meta({ description: "Newest first" }),
    }),
    run: async ({ deps, instance }, { query: { limit } }) => {
      const { connection, owned, retry, version, newChats } = await deps.sessions.view(instance.id);
      const history =
        limit === 0 ? [] : await deps.store.instances.connectionHistory({ instanceId: instance.id, limit });
      return {
        ...changeOf(connection),
        ...(connection.phone !== undefined && { phone: connection.phone }),
        ...(connection.lid !== undefined && { lid: `${connection.lid}@lid` }),
        ...(connection.pushName !== undefined && { pushName: connection.pushName }),
        ...(connection.lastSeenAt !== undefined && { lastSeenAt: connection.lastSeenAt }),
        owned,
        ...(retry !== undefined && { retry: { ...retry } }),
        ...(version !== undefined && { version: versionOf(version) }),
        ...newChatsAt(newChats, deps.clock.now()),
        history: history.map(changeOf),
      };
    },
  }),
  operation({
    id: "traceMessage",
    method: "GET",
    path: `${instancePath}/messages/{messageId}/trace`,
    summary: "The way of one message: its place in the queue and every state it reached",
    tag: "message",
    scope: "instance",
    params: z.object({ messageId }),
    response: z.strictObject({
      messageId: z.string(),
      phone: z.string().optional(),
      status: z.string(),
      steps: z.array(step).meta({ description: "In order of time" }),
      queue: z
        .strictObject({
          zaapId: z.string(),
          state: z.string(),
          attempts: z.number(),
          lastError: z.string().optional(),
          createdAt: z.number(),
          dueAt: z.number(),
          updatedAt: z.number(),
        })
        .optional(),
    }),
    run: async ({ deps, instance }, { params: { messageId } }) => {
      const key = { instanceId: instance.id, messageId };
      const [trace, queued] = await Promise.all([deps.store.messages.trace(key), deps.store.queue.byMessageId(key)]);
      if (trace === undefined && queued === undefined) throw new WazapiError("message_not_found");
      const chatId = trace?.chatId ?? queued?.outgoing.to;
      return {
        messageId,
        ...(chatId !== undefined && { phone: phoneOf(chatId) }),
        status: trace?.status ?? queued?.state ?? "queued",
        steps: (trace?.steps ?? []).map(({ status, at, participant, detail }) => ({
          status,
          at,
          ...(participant !== undefined && { participant: phoneOf(participant) }),
          ...(detail !== undefined && { detail }),
        })),
        ...(queued !== undefined && {
          queue: {
            zaapId: queued.zaapId,
            state: queued.state,
            attempts: queued.attempts,
            ...(queued.lastError !== undefined && { lastError: queued.lastError }),
            createdAt: queued.createdAt,
            dueAt: queued.dueAt,
            updatedAt: queued.updatedAt,
          },
        }),
      };
    },
  }),
];

function changeOf({ state, reason, statusCode, refusal, at }: Connection): z.input<typeof change> {
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(statusCode !== undefined && { statusCode }),
    ...(refusal !== undefined && { refusal }),
    at,
  };
}

function versionOf({ version, source, fetchedAt, expiresAt }: NonNullable<SessionView["version"]>) {
  return {
    number: version.join("."),
    source,
    ...(fetchedAt !== undefined && { fetchedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
