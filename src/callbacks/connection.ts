import { z } from "zod";
import { defineCallback } from "./definition.ts";
import { refusalSchema } from "./refusal-schema.ts";

/** The session came up. */
export const connected = defineCallback({
  kind: "connected",
  type: "ConnectedCallback",
  summary: "The account connected to WhatsApp",
  payload: z.object({
    type: z.literal("ConnectedCallback"),
    connected: z.literal(true),
    momment: z.int().describe("epoch milliseconds"),
    instanceId: z.string(),
    phone: z.string().describe("digits of the connected account"),
    isBusiness: z.boolean().optional(),
  }),
  render: (captured, { instanceId }) => ({
    type: "ConnectedCallback" as const,
    connected: true as const,
    momment: captured.at,
    instanceId,
    phone: captured.phone,
    ...(captured.isBusiness === undefined ? {} : { isBusiness: captured.isBusiness }),
  }),
});

/** The session went down. */
export const disconnected = defineCallback({
  kind: "disconnected",
  type: "DisconnectedCallback",
  summary: "The account disconnected from WhatsApp",
  payload: z.object({
    momment: z.int().describe("epoch milliseconds"),
    error: z.string(),
    disconnected: z.literal(true),
    type: z.literal("DisconnectedCallback"),
    instanceId: z.string(),
    refusal: refusalSchema.optional(),
  }),
  render: (captured, { instanceId }) => ({
    momment: captured.at,
    error: captured.error,
    disconnected: true as const,
    type: "DisconnectedCallback" as const,
    instanceId,
    ...(captured.refusal === undefined ? {} : { refusal: captured.refusal }),
  }),
});
