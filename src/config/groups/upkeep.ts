import { z } from "zod";
import { option } from "../option.ts";
import { duration, retention, yesNo } from "../value.ts";

/** What the process does about itself: removing what is old, closing gaps, leading and stopping. */
export const upkeepOptions = {
  retention: z.object({
    deliveredEventsMs: option(
      {
        env: "WAZAPI_KEEP_EVENTS",
        form: "7d",
        doc: "How long delivered events stay; until then they can be replayed.",
      },
      retention().default(7 * 86_400_000),
    ),
    deadLettersMs: option(
      { env: "WAZAPI_KEEP_DEAD_LETTERS", form: "30d", doc: "How long dead letters stay." },
      retention().default(30 * 86_400_000),
    ),
    sentQueueMs: option(
      { env: "WAZAPI_KEEP_SENT", form: "24h", doc: "How long the queue remembers sent and canceled messages." },
      retention().default(86_400_000),
    ),
    failedQueueMs: option(
      { env: "WAZAPI_KEEP_FAILED", form: "7d", doc: "How long the queue remembers failed messages." },
      retention().default(7 * 86_400_000),
    ),
    messagesMs: option(
      {
        env: "WAZAPI_KEEP_MESSAGES",
        form: "90d",
        doc: "How long messages stay readable for replies, forwards, edits and poll votes.",
      },
      retention().default(90 * 86_400_000),
    ),
    settledJournalMs: option(
      { env: "WAZAPI_KEEP_JOURNAL", form: "3d", doc: "How long journal rows stay after their event was stored." },
      retention().default(3 * 86_400_000),
    ),
    connectionHistoryMs: option(
      { env: "WAZAPI_KEEP_CONNECTIONS", form: "30d", doc: "How long the history of connects and disconnects stays." },
      retention().default(30 * 86_400_000),
    ),
    everyMs: option(
      { env: "WAZAPI_RETENTION_EVERY", form: "10m", doc: "Pause between two rounds that remove old rows." },
      duration(1_000, 86_400_000).default(600_000),
    ),
  }),
  reconcile: z.object({
    everyMs: option(
      {
        env: "WAZAPI_RECONCILE_EVERY",
        form: "15s",
        doc: "Pause between two looks for gaps: sessions, journal rows and claims that nobody works on.",
      },
      duration(1_000, 3_600_000).default(15_000),
    ),
  }),
  leadership: z.object({
    standby: option(
      {
        env: "WAZAPI_STANDBY",
        form: "true, false",
        doc: "Wait while another process leads the data directory; `false` ends the start with an error instead.",
      },
      yesNo.default(true),
    ),
    heartbeatMs: option(
      {
        env: "WAZAPI_HEARTBEAT",
        form: "5s",
        doc: "Pause between heartbeats of this process; four missed ones make it dead for others.",
      },
      duration(500, 60_000).default(5_000),
    ),
  }),
  shutdown: z.object({
    deadlineMs: option(
      {
        env: "WAZAPI_SHUTDOWN_DEADLINE",
        form: "25s",
        doc: "Time for the whole shutdown; what is not finished then is taken up by the next start. Keep it below the grace of whoever stops the process.",
      },
      duration(1_000, 600_000).default(25_000),
    ),
  }),
};
