import { z } from "zod";
import { option } from "../option.ts";
import { address, bytes, duration, key32, text, url, whole, word, yesNo } from "../value.ts";

/** The process as its operator sees it: listening, directory, secrets, stores, log and health. */
export const serverOptions = {
  http: z.object({
    addr: option(
      {
        env: "HTTP_ADDR",
        form: "HOST:PORT",
        doc: "Where the API listens; `--host` and `--port` change one half of it.",
      },
      address.default({ host: "127.0.0.1", port: 8080 }),
    ),
    maxBodyBytes: option(
      { env: "WAZAPI_MAX_BODY", form: "64MiB", doc: "Largest request body; media sent as base64 have to fit." },
      bytes(1_024, 512 * 1_048_576).default(64 * 1_048_576),
    ),
    rateLimit: z.object({
      perSecond: option(
        {
          env: "WAZAPI_RATE_LIMIT",
          form: "number",
          doc: "Requests per second and token; 0 switches the limit off.",
        },
        whole(0, 100_000).default(0),
      ),
      burst: option(
        { env: "WAZAPI_RATE_BURST", form: "number", doc: "Requests of one token that may come at once after a pause." },
        whole(1, 100_000).default(100),
      ),
    }),
  }),
  dataDir: option(
    {
      env: "WAZAPI_DATA_DIR",
      flag: "--data",
      form: "directory",
      path: true,
      doc: "Database, media, generated tokens and the leader lock; one process at a time works in it.",
    },
    text().default("./wazapi-data"),
  ),
  log: z.object({
    level: option(
      {
        env: "LOG_LEVEL",
        form: "debug, info, warn, error",
        doc: "Least severe line that is written; only `debug` shows phone numbers.",
      },
      word("debug", "info", "warn", "error").default("info"),
    ),
    format: option(
      {
        env: "WAZAPI_LOG_FORMAT",
        form: "auto, json, pretty",
        doc: "`auto`: pretty on a terminal, JSON lines elsewhere.",
      },
      word("auto", "json", "pretty").default("auto"),
    ),
  }),
  auth: z.object({
    clientToken: option(
      {
        env: "CLIENT_AUTH_TOKEN",
        form: "text",
        secret: true,
        doc: "Expected in `Client-Token` by every instance route; at least 16 characters. Generated on the first start when not given.",
      },
      text(16).exactOptional(),
    ),
    partnerToken: option(
      {
        env: "PARTNER_AUTH_TOKEN",
        form: "text",
        secret: true,
        doc: "Bearer token of partner and operator routes; at least 16 characters. Generated on the first start when not given.",
      },
      text(16).exactOptional(),
    ),
    secretKey: option(
      {
        env: "WAZAPI_SECRET_KEY",
        form: "32 bytes, hex or base64",
        secret: true,
        doc: "Key that seals tokens and WhatsApp credentials at rest; without it they are worthless. Generated on the first start when not given.",
      },
      key32.exactOptional(),
    ),
  }),
  store: z.object({
    postgresDsn: option(
      { env: "POSTGRES_DSN", form: "postgres://…", secret: true, doc: "PostgreSQL instead of the embedded SQLite." },
      url("postgres", "postgresql").exactOptional(),
    ),
    maxConnections: option(
      { env: "WAZAPI_POSTGRES_CONNECTIONS", form: "number", doc: "Connections to each PostgreSQL at the same time." },
      whole(2, 1_000).default(16),
    ),
    sessionPostgresDsn: option(
      {
        env: "WHATSMEOW_POSTGRES_DSN",
        aliases: ["SESSION_POSTGRES_DSN"],
        form: "postgres://…",
        secret: true,
        doc: "Another PostgreSQL for WhatsApp credentials and the journal; without it they live in the main database.",
      },
      url("postgres", "postgresql").exactOptional(),
    ),
  }),
  health: z.object({
    minFreeDiskBytes: option(
      {
        env: "WAZAPI_MIN_FREE_DISK",
        form: "256MiB",
        doc: "With less room in the data directory the node is not ready; with less than twice as much it says so.",
      },
      bytes(0).default(256 * 1_048_576),
    ),
    maxEventLoopLagMs: option(
      {
        env: "WAZAPI_MAX_LAG",
        form: "1s",
        doc: "A 99th percentile of the event loop's lag above this counts as degraded.",
      },
      duration(10, 60_000).default(1_000),
    ),
  }),
  metrics: z.object({
    enabled: option(
      { env: "PROMETHEUS_ENABLED", form: "true, false", doc: "Collect metrics and answer `GET /metrics`." },
      yesNo.default(true),
    ),
  }),
  sentry: z.object({
    dsn: option(
      {
        env: "SENTRY_DSN",
        form: "URL",
        secret: true,
        doc: "Report errors to Sentry, without content, tokens or phone numbers.",
      },
      url("https", "http").exactOptional(),
    ),
    environment: option(
      { env: "SENTRY_ENVIRONMENT", form: "text", doc: "Environment named in these reports." },
      text().default("production"),
    ),
  }),
};
