import { z } from "zod";
import { option } from "../option.ts";
import { duration, url, version, whole, yesNo } from "../value.ts";

/** The word that asks for a sandbox of our own instead of naming a running one. */
export const startSandbox = "start";

const sandboxUrl: z.ZodType<string, string> = z.union([z.literal(startSandbox), url("http")], {
  error: `must be a URL that begins with http://, or the word ${startSandbox}`,
});

/** The connections to WhatsApp. */
export const whatsappOptions = {
  sandbox: z.object({
    url: option(
      {
        env: "WAZAPI_SANDBOX_URL",
        flag: "--sandbox",
        form: "URL or start",
        doc: "Talk to a simulated WhatsApp at this URL instead of the real one; `start` runs one as a child process.",
      },
      sandboxUrl.exactOptional(),
    ),
  }),
  whatsapp: z.object({
    version: option(
      {
        env: "WAZAPI_WHATSAPP_VERSION",
        form: "2.3000.…",
        doc: "WhatsApp Web version to present always; without it the newest that can be fetched, else the built-in one.",
      },
      version.exactOptional(),
    ),
    syncFullHistory: option(
      {
        env: "WAZAPI_FULL_HISTORY",
        form: "true, false",
        doc: "Ask the phone for its whole history when pairing, instead of the recent part.",
      },
      yesNo.default(false),
    ),
    qrTimeoutMs: option(
      {
        env: "WAZAPI_QR_TIMEOUT",
        form: "20s",
        doc: "Life of every QR code; without it WhatsApp's own (60 s, then 20 s each).",
      },
      duration(5_000, 600_000).exactOptional(),
    ),
    connectTimeoutMs: option(
      { env: "WAZAPI_CONNECT_TIMEOUT", form: "20s", doc: "How long a connection to WhatsApp may take to open." },
      duration(1_000, 300_000).default(20_000),
    ),
    queryTimeoutMs: option(
      { env: "WAZAPI_QUERY_TIMEOUT", form: "60s", doc: "How long WhatsApp may take to answer a query." },
      duration(1_000, 300_000).default(60_000),
    ),
    resendMaxAgeMs: option(
      {
        env: "WAZAPI_RESEND_MAX_AGE",
        form: "14d",
        doc: "A device that could not read a message gets it again until the message is so old; phones ask days later.",
      },
      duration(0, 365 * 86_400_000).default(14 * 86_400_000),
    ),
    keepAliveMs: option(
      { env: "WAZAPI_KEEP_ALIVE", form: "30s", doc: "Pause between pings on the connection to WhatsApp." },
      duration(1_000, 60_000).default(30_000),
    ),
    startConcurrency: option(
      {
        env: "WAZAPI_START_CONCURRENCY",
        form: "number",
        doc: "Sessions that connect at the same time when the process comes up.",
      },
      whole(1, 1_000).default(8),
    ),
    reconnect: z.object({
      baseMs: option(
        {
          env: "WAZAPI_RECONNECT_BASE",
          form: "1s",
          doc: "Ceiling of the first random wait before a reconnect; doubles with every failure.",
        },
        duration(10, 60_000).default(1_000),
      ),
      maxMs: option(
        { env: "WAZAPI_RECONNECT_MAX", form: "60s", doc: "Longest random wait before a reconnect." },
        duration(10, 3_600_000).default(60_000),
      ),
      stableMs: option(
        {
          env: "WAZAPI_RECONNECT_STABLE",
          form: "30s",
          doc: "A connection that lived this long was a success: the waits start over.",
        },
        duration(0, 3_600_000).default(30_000),
      ),
      healMs: option(
        {
          env: "WAZAPI_HEAL_AFTER",
          form: "15m",
          doc: "Before a session that was replaced or restricted tries again by itself.",
        },
        duration(1_000, 86_400_000).default(900_000),
      ),
      maxHeals: option(
        { env: "WAZAPI_MAX_HEALS", form: "number", doc: "How often it does that; 0 waits for a person." },
        whole(0, 100).default(3),
      ),
    }),
  }),
};
