import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";

import { operation } from "../operation.ts";
import type { Operation } from "../operation.ts";
import { chat, instancePath, messageId, whole } from "../schemas.ts";

const phoneSilentHint = "open WhatsApp on the phone and ask again";

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
    run: async ({ deps, instance, signal, setHeader }, { params: { phone }, query: { amount, lastMessageId } }) => {
      const before = lastMessageId === undefined ? {} : { before: lastMessageId };
      const wanted = { instanceId: instance.id, chatId: phone, amount, ...before };
      const { payloads, isPhoneSilent } = await deps.chatMessages.page(wanted, signal);
      if (!isPhoneSilent) return [...payloads];
      // Nothing at all would read as a chat without messages.
      if (payloads.length === 0 && before.before === undefined) {
        throw new WazapiError("phone_silent", { details: { hint: phoneSilentHint } });
      }
      setHeader("wazapi-notice", `phone_silent; ${phoneSilentHint}`);
      return [...payloads];
    },
  }),
];
