import type { ErrorEvent, StackFrame } from "@sentry/node";
import { errorTable } from "#domain/errors.ts";

/** Tags that may leave; their values have to look like words, too. */
const tagNames = ["component", "operation", "code", "finding", "outcome", "phase", "part", "sentence"] as const;

/** Error kinds of the runtime and of ours. Other names come from anywhere. */
const plainWord = /^[A-Za-z_$][\w$.-]{0,60}$/;

/** Sentences of ours: the text of every known failure, as it stands in the table. */
const knownTexts: ReadonlySet<string> = new Set(Object.values(errorTable).map(({ message }) => message));

/**
 * The event that leaves: built anew out of what is allowed, so that whatever the SDK adds some day stays here. What an
 * error says is passed on only when it is one of our own sentences; others quote what they choked on.
 */
export function allowedEvent(event: ErrorEvent): ErrorEvent {
  const tags = Object.fromEntries(
    tagNames.flatMap((name) => {
      const value = event.tags?.[name];
      return isTagValue(name, value) ? [[name, value]] : [];
    }),
  );
  const exceptions = (event.exception?.values ?? []).map(({ type, value, stacktrace }) => ({
    type: type !== undefined && plainWord.test(type) ? type : "Error",
    value: value !== undefined && knownTexts.has(value) ? value : "(not passed on)",
    ...(stacktrace?.frames === undefined ? {} : { stacktrace: { frames: stacktrace.frames.map(allowedFrame) } }),
  }));
  return {
    type: undefined,
    tags,
    platform: "node",
    ...(event.event_id === undefined ? {} : { event_id: event.event_id }),
    ...(event.timestamp === undefined ? {} : { timestamp: event.timestamp }),
    ...(event.level === undefined ? {} : { level: event.level }),
    ...(event.release === undefined ? {} : { release: event.release }),
    ...(event.environment === undefined ? {} : { environment: event.environment }),
    ...(exceptions.length === 0 ? {} : { exception: { values: exceptions } }),
    // Given only by us, for lines without an error.
    ...(exceptions.length === 0 && event.message !== undefined ? { message: event.message } : {}),
  };
}

/** Where in the code; no variables, no lines of source, no directories of the machine. */
function allowedFrame({ filename, function: name, lineno, colno, in_app: inApp }: StackFrame): StackFrame {
  return {
    ...(filename === undefined ? {} : { filename: shortFile(filename) }),
    ...(name === undefined ? {} : { function: name.slice(0, 120) }),
    ...(lineno === undefined ? {} : { lineno }),
    ...(colno === undefined ? {} : { colno }),
    ...(inApp === undefined ? {} : { in_app: inApp }),
  };
}

function shortFile(filename: string): string {
  return /(?:^|\/)((?:src|bin|test|node_modules)\/.*)$/.exec(filename)?.[1] ?? filename.split(/[/\\]/).at(-1) ?? "";
}

/** Sentences are constants of the code; everything else has to be a short word without a number in it. */
function isTagValue(name: string, value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) < 100_000;
  if (typeof value !== "string") return false;
  return name === "sentence"
    ? value.length <= 120 && !/\d{4}/.test(value)
    : plainWord.test(value) && !/\d{5}/.test(value);
}
