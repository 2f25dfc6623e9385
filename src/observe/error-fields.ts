import { isWazapiError } from "#domain/errors.ts";

/** How far causes are followed, and how many frames are kept of each. */
const maxCauses = 4;
const maxFrames = 15;

/** An error as it is written. */
export interface ErrorFields {
  readonly name: string;
  readonly code?: string | number;
  readonly message: string;
  /** Frames only: the first line of a stack repeats the message unmasked. */
  readonly stack?: string;
  readonly cause?: unknown;
}

/** Describes an error and what caused it; `masked` treats every text of foreign origin. */
export function describeError(error: Error, masked: (text: string) => string, depth = 0): ErrorFields {
  const code = codeOf(error);
  const frames = framesOf(error);
  const { cause } = error;
  return {
    name: masked(error.name),
    ...(code === undefined ? {} : { code }),
    message: masked(saidBy(error)),
    // The frames of a cause are those of its own throw; of ours they say where it was noticed.
    ...(frames === "" ? {} : { stack: masked(frames) }),
    ...(cause === undefined ? {} : { cause: causeOf(cause, masked, depth + 1) }),
  };
}

function causeOf(cause: unknown, masked: (text: string) => string, depth: number): unknown {
  if (depth >= maxCauses) return "[deeper]";
  return cause instanceof Error
    ? describeError(cause, masked, depth)
    : masked(typeof cause === "string" ? cause : typeof cause);
}

/** A stable word or number that says what happened; undefined when the error has none. */
export function codeOf(error: Error): string | number | undefined {
  const { code }: { code?: unknown } = Object(error);
  if (typeof code === "number") return code;
  return typeof code === "string" && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

/** A parser quotes what it could not read, which may be anybody's message. */
function saidBy(error: Error): string {
  const { message } = error;
  if (isWazapiError(error) || !(error instanceof SyntaxError)) return message;
  return message.replace(/["'`][\s\S]*/, "…");
}

function framesOf(error: Error): string {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim())
    .join("\n");
}
