import type { Log } from "#lib/log.ts";

/** The logger Baileys wants; structurally its `ILogger`. */
export interface BaileysLogger {
  level: string;
  child(fields: Record<string, unknown>): BaileysLogger;
  trace(fields: unknown, message?: string): void;
  debug(fields: unknown, message?: string): void;
  info(fields: unknown, message?: string): void;
  warn(fields: unknown, message?: string): void;
  error(fields: unknown, message?: string): void;
}

/** Names of errors whose text is about protocol state, never about content. */
const telling = new Set(["Boom", "SessionError", "MessageCounterError", "PreKeyError", "UntrustedIdentityKeyError"]);

/** What the state of the session tells too, with its reason. Every pairing contains one. */
const toldBySession = new Set(["stream errored out"]);

/**
 * Baileys' own talk, one level down and without what it carries: it logs whole stanzas, key material and message
 * content. Trace and debug are dropped; of the rest only the sentence, a few harmless fields and the kind of the error
 * are passed on, long digit runs masked. `heard` hears every warning as it is; it must not throw.
 */
export function baileysLog(log: Log, heard: (sentence: string, fields: unknown) => void = () => {}): BaileysLogger {
  const logger: BaileysLogger = {
    // Baileys builds its most talkative lines only when it reads `trace` or `debug` here.
    level: "warn",
    child: () => logger,
    trace: () => {},
    debug: () => {},
    info: (fields, message) => log.debug(harmless(fields, message), "baileys says"),
    warn: (fields, message) => {
      heard(message ?? "", fields);
      log.debug(harmless(fields, message), "baileys warns");
    },
    error: (fields, message) => {
      const write = toldBySession.has(message ?? "") ? log.debug : log.warn;
      write(harmless(fields, message), "baileys failed");
    },
  };
  return logger;
}

function harmless(fields: unknown, message: string | undefined): Record<string, unknown> {
  const said = typeof fields === "string" ? fields : message;
  const found: Record<string, unknown> = said === undefined ? {} : { said: masked(said) };
  if (typeof fields !== "object" || fields === null) return found;
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error) Object.assign(found, { error: describe(value) });
    else if (allowed.has(name) && ["string", "number", "boolean"].includes(typeof value)) found[name] = value;
  }
  return found;
}

const allowed = new Set(["msgId", "count", "retryCount", "statusCode", "type", "mutationCount", "opName"]);

function describe(error: Error): string {
  const name = "isBoom" in error ? "Boom" : error.name;
  return telling.has(name) ? `${name}: ${masked(error.message)}` : name;
}

function masked(text: string): string {
  return text.replaceAll(/\d{5,}/g, "#").slice(0, 200);
}
