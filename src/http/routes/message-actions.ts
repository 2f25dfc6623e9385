import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { chat, instancePath, messageId, queryFlag } from "../schemas.ts";
import { sender } from "./send/target.ts";

const tag = "message";

/** What is done to messages at once, past the queue. */
export const messageActionOperations: readonly Operation[] = [
  operation({
    id: "deleteMessage",
    method: "DELETE",
    path: `${instancePath}/messages`,
    summary:
      "Take a message back for everybody: yours, or in a group you run anybody's; another person's in private only leaves your devices",
    tag,
    scope: "instance",
    status: 204,
    query: z.object({
      phone: chat,
      messageId,
      owner: queryFlag
        .default(true)
        .meta({ description: "Whether you wrote it; what is stored of the message knows better" }),
      ...sender,
    }),
    run: async ({ deps, instance, signal }, { query: { phone, owner, sender, ...what } }) => {
      const target = { instanceId: instance.id, chat: phone, fromMe: owner, ...what };
      await deps.sessions.deleteMessage({ ...target, ...(sender !== undefined && { sender }) }, signal);
    },
  }),
  operation({
    id: "readMessage",
    method: "POST",
    path: `${instancePath}/read-message`,
    summary: "Mark messages as read",
    tag,
    scope: "instance",
    status: 204,
    body: z.object({
      phone: chat,
      messageId: messageId.optional(),
      messageIds: z.array(messageId).min(1).max(250).optional().meta({ description: "Several at once" }),
      ...sender,
    }),
    run: async ({ deps, instance, signal }, { body: { phone, messageId, messageIds, sender } }) => {
      const ids = messageIds ?? (messageId === undefined ? [] : [messageId]);
      if (ids.length === 0) {
        throw new WazapiError("invalid_request", {
          message: "messageId: is required",
          details: { field: "messageId" },
        });
      }
      const target = { instanceId: instance.id, chat: phone, messageIds: ids };
      await deps.sessions.readMessages({ ...target, ...(sender !== undefined && { sender }) }, signal);
    },
  }),
];
