import { z } from "zod";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { chat, instancePath, messageId, whole } from "../schemas.ts";

/** Messages that are stored here, and older ones that the phone still has. */
export const chatMessagesOperations: readonly Operation[] = [
  operation({
    id: "getChatMessages",
    method: "GET",
    path: `${instancePath}/chat-messages/{phone}`,
    summary: "Messages of a chat, newest first; where too few are stored the phone is asked for older ones",
    tag: "chats",
    scope: "instance",
    params: z.object({ phone: chat }),
    query: z.object({
      amount: whole({ min: 1, max: 100 }).default(10),
      lastMessageId: messageId.optional().meta({ description: "Only what is older than this message" }),
    }),
    response: z.array(z.unknown()).meta({ description: "Each as in its webhook" }),
    run: async ({ deps, instance, signal }, { params: { phone }, query: { amount, lastMessageId } }) => {
      const before = lastMessageId === undefined ? {} : { before: lastMessageId };
      const wanted = { instanceId: instance.id, chatId: phone, amount, ...before };
      return [...(await deps.chatMessages.page(wanted, signal))];
    },
  }),
];
