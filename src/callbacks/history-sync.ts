import { z } from "zod";
import { defineCallback } from "./definition.ts";

/** One chunk of the history the phone shares. */
export const historySync = defineCallback({
  kind: "history",
  type: "HistorySyncCallback",
  summary: "A chunk of the phone's history arrived",
  payload: z.object({
    type: z.literal("HistorySyncCallback"),
    instanceId: z.string(),
    momment: z.int().describe("epoch milliseconds"),
    syncType: z.string(),
    chunkOrder: z.int(),
    progress: z.int().describe("percent"),
    conversationCount: z.int(),
    statusMessageCount: z.int(),
    pushnameCount: z.int(),
    data: z.null(),
  }),
  render: (captured, { instanceId }) => ({
    type: "HistorySyncCallback" as const,
    instanceId,
    momment: captured.at,
    syncType: captured.syncType,
    chunkOrder: captured.chunkOrder,
    progress: captured.progress,
    conversationCount: captured.conversationCount,
    statusMessageCount: captured.statusMessageCount,
    pushnameCount: captured.pushnameCount,
    data: null,
  }),
});
