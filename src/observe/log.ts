import { type Clock, systemClock } from "#lib/clock.ts";
import type { Log, LogFields } from "#lib/log.ts";
import { describeFields, type FieldOptions } from "./fields.ts";
import { createMask } from "./mask.ts";
import { createPretty } from "./pretty.ts";

/** How loud a line is; a log writes its own level and the louder ones. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What is written, and how it looks. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, else JSON lines. */
  readonly format: "json" | "pretty" | "auto";
  /** Whether what `write` writes to is a terminal; standard error when left out. */
  readonly terminal?: boolean;
}

/** One line before it is put into words. */
export interface LogEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly level: LogLevel;
  readonly component?: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const levels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

/** Longest line, characters. What is longer loses its fields and says so. */
const maxLine = 16_384;

/**
 * The log of a process. A line is one object: `time`, `level`, `component`, `message` and the fields in snake_case.
 * Secrets and message content never get into it; phone numbers and JIDs only at debug. Never throws, not even when
 * `write` does.
 */
export function createLog(
  options: LogOptions,
  write: (line: string) => void = (line) => void process.stderr.write(line),
  clock: Clock = systemClock,
): Log {
  const terminal = options.terminal ?? process.stderr.isTTY;
  const isPretty = options.format === "pretty" || (options.format === "auto" && terminal);
  const put = isPretty ? createPretty(write, { colors: terminal }) : (event: LogEvent) => write(jsonLine(event));
  const least = levels.indexOf(options.level);
  const names: FieldOptions["names"] = new Map();
  const mask = createMask();

  const emit = (line: {
    readonly level: LogLevel;
    readonly bound: LogFields;
    readonly fields: LogFields;
    readonly message: string;
  }): void => {
    const { level, message } = line;
    try {
      const all = { ...line.bound, ...line.fields };
      const { component, ...rest } = describeFields(all, { mask, names, people: level === "debug" });
      put({ at: clock.now(), level, message, fields: rest, ...(typeof component === "string" ? { component } : {}) });
    } catch {
      // A log that throws would take down what it reports about; the line is lost, its level and sentence are not.
      writeBare(write, { level, message });
    }
  };
  const logWith = (bound: LogFields): Log => {
    const at = (level: LogLevel) =>
      levels.indexOf(level) < least
        ? () => {}
        : (fields: LogFields, message: string) => emit({ level, bound, fields, message });
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => logWith({ ...bound, ...fields }),
    };
  };
  return logWith({});
}

function jsonLine({ at, level, component, message, fields }: LogEvent): string {
  const head = { time: new Date(at).toISOString(), level, ...(component === undefined ? {} : { component }), message };
  const line = JSON.stringify({ ...head, ...fields, ...head });
  if (line.length <= maxLine) return `${line}\n`;
  const { instance_id: instanceId } = fields;
  return `${JSON.stringify({ ...head, instance_id: instanceId, too_long: line.length })}\n`;
}

function writeBare(write: (line: string) => void, line: { readonly level: LogLevel; readonly message: string }): void {
  try {
    write(`${JSON.stringify({ ...line, unreadable_fields: true })}\n`);
  } catch {
    // There is nowhere left to say it.
  }
}
