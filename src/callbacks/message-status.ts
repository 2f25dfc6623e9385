import { z } from "zod";
import { isGroupJid, isStatusJid } from "#domain/jid.ts";
import { defineCallback } from "./definition.ts";
import { chatPhone } from "./envelope.ts";
import { digitsOf } from "./people.ts";

/** A receipt: of a person in a 1:1 chat, of a member in a group, of a viewer of a status post. */
export const messageStatus = defineCallback({
  kind: "receipt",
  type: "MessageStatusCallback",
  summary: "Messages were sent, received, read or played",
  payload: z.object({
    instanceId: z.string(),
    status: z.enum(["SENT", "RECEIVED", "READ", "READ_BY_ME", "PLAYED", "PLAYED_BY_ME"]),
    ids: z.array(z.string()),
    momment: z.int().describe("epoch milliseconds"),
    phoneDevice: z.int().optional().describe("device number, 0 is the phone"),
    participant: z.string().optional().describe("digits of the member"),
    participantDevice: z.int().optional().describe("device number of the member, 0 is the phone"),
    phone: z.string(),
    type: z.literal("MessageStatusCallback"),
    isGroup: z.boolean(),
  }),
  render: (captured, { instanceId }) => {
    const isGroup = isGroupJid(captured.chat.chatId);
    const device = captured.participant?.device ?? captured.phoneDevice ?? 0;
    const shared = isGroup || isStatusJid(captured.chat.chatId);
    return {
      instanceId,
      status: captured.status,
      ids: [...captured.messageIds],
      momment: captured.at,
      ...(isGroup ? {} : { phoneDevice: device }),
      ...(shared && captured.participant !== undefined
        ? { participant: digitsOf(captured.participant), participantDevice: device }
        : {}),
      phone: chatPhone(captured.chat),
      type: "MessageStatusCallback" as const,
      isGroup,
    };
  },
});
