import { z } from "zod";
import { isGroupJid } from "#domain/jid.ts";
import { defineCallback } from "./definition.ts";
import { chatPhone } from "./envelope.ts";
import { digitsOf } from "./people.ts";

/** A contact types, records, comes or goes. */
export const presenceChat = defineCallback({
  kind: "presence",
  type: "PresenceChatCallback",
  summary: "A contact types, records, comes or goes",
  payload: z.object({
    type: z.literal("PresenceChatCallback"),
    phone: z.string(),
    status: z.enum(["UNAVAILABLE", "AVAILABLE", "COMPOSING", "PAUSED", "RECORDING"]),
    lastSeen: z.int().nullable().describe("epoch milliseconds; null when hidden or unknown"),
    instanceId: z.string(),
    isGroup: z.literal(true).optional(),
    participant: z.string().optional().describe("who it is, in a group"),
    participantLid: z.string().nullable().optional(),
  }),
  render: (captured, { instanceId }) => ({
    type: "PresenceChatCallback" as const,
    phone: chatPhone(captured.chat),
    status: captured.status,
    lastSeen: captured.lastSeenAt ?? null,
    instanceId,
    ...(isGroupJid(captured.chat.chatId) && captured.participant !== undefined
      ? {
          isGroup: true as const,
          participant: digitsOf(captured.participant),
          participantLid: captured.participant.lid ?? null,
        }
      : {}),
  }),
});
