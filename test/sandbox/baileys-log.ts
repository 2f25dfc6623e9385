import type { ILogger } from "@whiskeysockets/baileys/lib/Utils/logger.js";

/** A log for Baileys that says nothing. */
export function createBaileysLog(): ILogger {
  const log: ILogger = {
    level: "silent",
    child: () => log,
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: () => {},
  };
  return log;
}
