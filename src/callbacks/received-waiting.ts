import { z } from "zod";
import { defineCallback } from "./definition.ts";
import { sceneFields, sceneOf } from "./envelope.ts";

/** A message that cannot be read yet, or only on the phone. */
export const receivedWaiting = defineCallback({
  kind: "waiting",
  type: "ReceivedCallback",
  summary: "A message arrived that cannot be read yet; its content may follow under the same messageId",
  payload: z.object({
    ...sceneFields,
    messageId: z.string(),
    status: z.literal("RECEIVED"),
    waitingMessage: z.literal(true),
    viewOnce: z.boolean().describe("it can be opened once, on the phone only"),
  }),
  render: (captured, context) => ({
    ...sceneOf(captured, context.instanceId),
    messageId: captured.messageId,
    status: "RECEIVED" as const,
    waitingMessage: true as const,
    viewOnce: captured.viewOnce,
  }),
});
