// The settings of wazapi. This file is read when it is in the working directory, or named with `--config`.
// Flags and environment variables win over it. `wazapi config print` shows what is in force and where it came from.
//
// Lengths of time are text with a unit ("250ms", "15s", "7d") or a number of milliseconds. Secrets are better given in
// the environment (CLIENT_AUTH_TOKEN, or CLIENT_AUTH_TOKEN_FILE with the name of a file); without any they are
// generated on the first start.
import { defineConfig } from "wazapi";

export default defineConfig({
  // http: { addr: "127.0.0.1:8080", maxBodyBytes: "16MiB" },
  // dataDir: "./wazapi-data",
  // log: { level: "info", format: "auto" },

  // A simulated WhatsApp instead of the real one.
  // sandbox: { url: "start" },

  // A random wait between two messages of an instance; accounts that send too fast get banned.
  // queue: { pace: { minMs: "1s", maxMs: "3s" }, maxWaitingOffline: 1000 },

  // Webhooks that lead to other containers or machines of a private network.
  // outbound: { allowPrivate: true },
  // webhooks: { timeoutMs: "15s", maxRetries: 5 },

  // retention: { deliveredEventsMs: "7d", deadLettersMs: "30d", messagesMs: "90d" },
});
