import { createConsola } from "consola";
import type { ErrorFields } from "./error-fields.ts";
import type { LogEvent } from "./log.ts";

/** Longest value of one field on a terminal, characters. */
const maxValue = 300;

/** Writes events for people: one line with its fields behind it, errors below. */
export function createPretty(
  write: (line: string) => void,
  options: { readonly colors: boolean },
): (event: LogEvent) => void {
  // All that consola asks of a stream is that it takes text.
  const stream = { write: (text: string) => write(text) } as unknown as NodeJS.WriteStream;
  const consola = createConsola({
    // What is written was decided before.
    level: 5,
    fancy: options.colors,
    throttle: 0,
    stdout: stream,
    stderr: stream,
    formatOptions: { date: true, colors: options.colors, compact: true },
  });
  return ({ level, component, message, fields }) => {
    const { error, ...rest } = fields;
    const pairs = Object.entries(rest).map(([name, value]) => `${name}=${shown(value)}`);
    const line = [message, ...pairs].join(" ") + (error === undefined ? "" : errorText(error));
    (component === undefined ? consola : consola.withTag(component))[level](line);
  };
}

function shown(value: unknown): string {
  const text = typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return text.length > maxValue ? `${text.slice(0, maxValue)}…` : text;
}

/** The error and its causes, each with its frames. */
function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return ` error=${shown(error)}`;
  const { name, code, message, stack, cause } = error as Partial<ErrorFields>; // Made by describeError.
  const head = `\n  ${name}${code === undefined ? "" : ` (${code})`}: ${message}`;
  const frames = (stack ?? "").split("\n").filter((frame) => frame !== "");
  const because = cause === undefined ? "" : `\n  because${errorText(cause)}`;
  return head + frames.map((frame) => `\n    ${frame}`).join("") + because;
}
