import { z } from "zod";
import { defineCallback } from "./definition.ts";
import { chatPhone } from "./envelope.ts";

/** The end of a queued message. */
export const delivery = defineCallback({
  kind: "delivery",
  type: "DeliveryCallback",
  summary: "WhatsApp took a queued message, or it was given up",
  payload: z.object({
    phone: z.string().describe("destination"),
    zaapId: z.string().describe("the id the send call returned"),
    messageId: z.string(),
    type: z.literal("DeliveryCallback"),
    instanceId: z.string(),
    momment: z.int().describe("epoch milliseconds"),
    error: z.string().optional().describe("only when it failed"),
    errorCode: z.string().optional(),
  }),
  render: (captured, { instanceId }) => ({
    phone: chatPhone(captured.chat),
    zaapId: captured.zaapId,
    messageId: captured.messageId,
    type: "DeliveryCallback" as const,
    instanceId,
    momment: captured.at,
    ...(captured.error === undefined ? {} : { error: captured.error }),
    ...(captured.errorCode === undefined ? {} : { errorCode: captured.errorCode }),
  }),
});
