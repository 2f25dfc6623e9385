import { z } from "zod";

import type { ChatLimits } from "#domain/chat-limits.ts";
import { newChatsLockedUntil } from "#domain/chat-limits.ts";

/** What WhatsApp keeps an account from beginning, in answers; every field is absent while nothing was said. */
export const newChatsFields = {
  restricted_until: z
    .number()
    .optional()
    .meta({ description: "New chats wait until then, epoch milliseconds; answers and groups leave all the same" }),
  restriction: z
    .string()
    .optional()
    .meta({ description: "WhatsApp's word for why new chats are locked, or `CAPPED` when their quota is used up" }),
  newChats: z
    .strictObject({
      total: z.number().optional(),
      used: z.number().optional(),
      endsAt: z.number().optional().meta({ description: "End of the cycle, epoch milliseconds" }),
      status: z.string(),
    })
    .optional()
    .meta({ description: "Quota of new chats, as WhatsApp said last" }),
};

/** The fields as they are at `now`. */
export function newChatsAt(limits: ChatLimits | undefined, now: number) {
  if (limits === undefined) return {};
  const until = newChatsLockedUntil(limits, now);
  const { lock, quota } = limits;
  return {
    ...(until !== undefined && {
      restricted_until: until,
      restriction: lock?.until === until ? lock.kind : (quota?.status ?? "DEFAULT"),
    }),
    ...(quota !== undefined && { newChats: { ...quota } }),
  };
}
