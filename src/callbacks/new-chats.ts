import { z } from "zod";
import { defineCallback } from "./definition.ts";

/** WhatsApp locks the account out of new chats, or lets it begin them again. Goes only to the slot `newChats`; Z-API has no such callback. */
export const newChats = defineCallback({
  kind: "newChats",
  type: "NewChatsCallback",
  summary: "New chats are locked, their lock has another end, or it is over; messages to new chats wait meanwhile",
  payload: z.object({
    type: z.literal("NewChatsCallback"),
    status: z.enum(["LOCKED", "OPEN"]),
    instanceId: z.string(),
    momment: z.int().describe("epoch milliseconds"),
    kind: z
      .string()
      .optional()
      .describe("while locked: WhatsApp's word for why, or CAPPED when the quota of new chats is used up"),
    until: z
      .int()
      .nullable()
      .optional()
      .describe("while locked: epoch milliseconds of its end; null while WhatsApp names none"),
  }),
  render: ({ restriction, at }, { instanceId }) => ({
    type: "NewChatsCallback" as const,
    status: restriction === undefined ? ("OPEN" as const) : ("LOCKED" as const),
    instanceId,
    momment: at,
    ...(restriction !== undefined && { kind: restriction.kind, until: restriction.until ?? null }),
  }),
});
