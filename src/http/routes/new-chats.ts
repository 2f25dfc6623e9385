import { z } from "zod";

import type { ChatLimits } from "#domain/chat-limits.ts";
import { restrictionOf } from "#domain/chat-limits.ts";

/** What WhatsApp keeps an account from beginning, in answers; every field is absent while nothing was said. */
export const newChatsFields = {
  restricted_until: z.number().nullable().optional().meta({
    description:
      "New chats wait until then, epoch milliseconds, null while no end is known; answers and groups leave all the same",
  }),
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
  const restriction = restrictionOf(limits, now);
  const { quota } = limits;
  return {
    ...(restriction !== undefined && {
      restricted_until: restriction.until ?? null,
      restriction: restriction.kind,
    }),
    ...(quota !== undefined && { newChats: { ...quota } }),
  };
}
