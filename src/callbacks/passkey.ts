import { z } from "zod";
import { defineCallback } from "./definition.ts";

/** WhatsApp asks for the passkey of the account. Goes only to the slot `passkey`; Z-API has no such callback. */
export const passkey = defineCallback({
  kind: "passkey",
  type: "PasskeyCallback",
  summary: "WhatsApp asks for the passkey of the account that is being linked; see GET …/passkey",
  payload: z.object({
    type: z.literal("PasskeyCallback"),
    stage: z.literal("required"),
    instanceId: z.string(),
    momment: z.int().describe("epoch milliseconds"),
    expiresAt: z.int().describe("epoch milliseconds until which the passkey can be given"),
  }),
  render: (captured, { instanceId }) => ({
    type: "PasskeyCallback" as const,
    stage: "required" as const,
    instanceId,
    momment: captured.at,
    expiresAt: captured.expiresAt,
  }),
});
