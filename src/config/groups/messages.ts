import { z } from "zod";
import { option } from "../option.ts";
import { duration, retention, whole, yesNo } from "../value.ts";

/** What comes in and goes out: webhooks and the send queue. */
export const messagesOptions = {
  outbound: z.object({
    allowPrivate: option(
      {
        env: "WAZAPI_ALLOW_PRIVATE",
        form: "true, false",
        doc: "Let webhooks and media URLs lead into private networks (10/8, 172.16/12, 192.168/16…); metadata services stay closed.",
      },
      yesNo.default(false),
    ),
    allowLoopback: option(
      { env: "WAZAPI_ALLOW_LOOPBACK", form: "true, false", doc: "Let webhooks and media URLs lead to this machine." },
      yesNo.default(false),
    ),
  }),
  webhooks: z.object({
    timeoutMs: option(
      { env: "WAZAPI_WEBHOOK_TIMEOUT", form: "15s", doc: "How long an endpoint may take to answer one webhook." },
      duration(100, 300_000).default(15_000),
    ),
    maxRetries: option(
      {
        env: "WAZAPI_WEBHOOK_RETRIES",
        form: "number",
        doc: "Retries of a refused event before it is compared with the next ones and, if only it fails, buried.",
      },
      whole(0, 50).default(5),
    ),
    retryBaseMs: option(
      { env: "WAZAPI_WEBHOOK_RETRY_BASE", form: "1s", doc: "First wait between those retries; doubles every time." },
      duration(1, 3_600_000).default(1_000),
    ),
    retryMaxMs: option(
      { env: "WAZAPI_WEBHOOK_RETRY_MAX", form: "16s", doc: "Longest wait between those retries." },
      duration(1, 3_600_000).default(16_000),
    ),
    maxRetryAfterMs: option(
      {
        env: "WAZAPI_WEBHOOK_MAX_RETRY_AFTER",
        form: "5m",
        doc: "Longest wait an endpoint's `Retry-After` can ask for.",
      },
      duration(0, 86_400_000).default(300_000),
    ),
    chatsInParallel: option(
      {
        env: "WAZAPI_WEBHOOK_CHATS",
        form: "number",
        doc: "Webhooks of one hook in flight, for instances whose order is per chat.",
      },
      whole(1, 256).default(8),
    ),
    connectionsPerOrigin: option(
      { env: "WAZAPI_WEBHOOK_CONNECTIONS", form: "number", doc: "Open connections to one customer's server." },
      whole(1, 4_096).default(64),
    ),
    maxBuffered: option(
      {
        env: "WAZAPI_EVENT_BUFFER",
        form: "number",
        doc: "Batches of one session held in memory while the database is busy; then its socket is read no further.",
      },
      whole(1, 100_000).default(1_000),
    ),
  }),
  queue: z.object({
    pace: z.object({
      minMs: option(
        { env: "WAZAPI_PACE_MIN", form: "1s", doc: "Shortest random wait between two messages of an instance." },
        duration(0, 3_600_000).default(1_000),
      ),
      maxMs: option(
        { env: "WAZAPI_PACE_MAX", form: "3s", doc: "Longest random wait between two messages of an instance." },
        duration(0, 3_600_000).default(3_000),
      ),
    }),
    ackTimeoutMs: option(
      {
        env: "WAZAPI_ACK_TIMEOUT",
        form: "20s",
        doc: "How long WhatsApp may take to acknowledge a message before it is sent again under the same id.",
      },
      duration(500, 300_000).default(20_000),
    ),
    maxRetries: option(
      {
        env: "WAZAPI_SEND_RETRIES",
        form: "number",
        doc: "Retries of a message that failed for a reason that may pass.",
      },
      whole(0, 50).default(5),
    ),
    maxWaitingOffline: option(
      {
        env: "WAZAPI_QUEUE_MAX_WAITING",
        form: "number",
        doc: "Messages kept per instance while it is not connected; further ones are refused.",
      },
      whole(1, 1_000_000).default(1_000),
    ),
    idempotencyMs: option(
      { env: "WAZAPI_IDEMPOTENCY_MEMORY", form: "24h", doc: "How long an `Idempotency-Key` is remembered." },
      retention().default(86_400_000),
    ),
  }),
};
