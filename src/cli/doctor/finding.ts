/** Everything that is looked at. */
export type CheckName =
  | "settings"
  | "program"
  | "dataDirectory"
  | "disk"
  | "secrets"
  | "database"
  | "server"
  | "port"
  | "whatsapp"
  | "webVersion"
  | "converter"
  | "bucket"
  | "mediaLinks"
  | "connections"
  | "webhooks"
  | "deadLetters"
  | "queue"
  | "unknownWire";

/** One thing that was found. No field holds a secret, or a URL that could. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  /** The instance, the database or the variable it is about, where a check looks at several. */
  readonly about?: string;
  /** One sentence without a full stop: what was found. */
  readonly found: string;
  /** One sentence without a full stop: what helps. */
  readonly help?: string;
}

/** A finding that is as it should be. */
export function fine(found: string, more: Pick<Finding, "about" | "help"> = {}): Finding {
  return { status: "ok", found, ...more };
}

/** A finding that somebody should know of. */
export function warning(found: string, help: string, about?: string): Finding {
  return { status: "warn", found, help, ...(about !== undefined && { about }) };
}

/** A finding that keeps something from working. */
export function failing(found: string, help: string, about?: string): Finding {
  return { status: "fail", found, help, ...(about !== undefined && { about }) };
}

/** A size for people. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** at;
  return `${value.toFixed(value < 10 && at > 0 ? 1 : 0)} ${units[at]}`;
}

/** The code the operating system gave a failure; empty when it has none. */
export function systemCode(error: unknown): string {
  const { code }: { code?: unknown } = Object(error);
  return typeof code === "string" ? code : "";
}
