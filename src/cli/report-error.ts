import { CommanderError } from "commander";

import { isWazapiError } from "#domain/errors.ts";
import type { ErrorCode } from "#domain/errors.ts";
import { SandboxError } from "#sandbox/sandbox-error.ts";

import { exitCodeOf, exitCodes } from "./exit-code.ts";
import type { CliIo } from "./io.ts";
import { harmless } from "./output.ts";

/** What to do next, for failures whose message does not say it. An error's own `details.hint` wins. */
const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthorized: "set CLIENT_AUTH_TOKEN and PARTNER_AUTH_TOKEN to the server's, or name its data directory with --data",
  instance_not_found: "see `wazapi instance list`",
  event_not_found: "see `wazapi events list`",
  message_not_found: "see `wazapi queue list` and `wazapi events list`",
  already_paired: "`wazapi instance disconnect` unlinks the phone",
  not_connected: "see `wazapi status`, and link a phone with `wazapi pair`",
  rate_limited: "try again in a moment",
  standby: "ask the leader, or wait until this node takes over",
};

/** Says once, in one sentence, what went wrong and what to do, and answers the exit code. */
export function reportError(io: CliIo, error: unknown): number {
  if (error instanceof CommanderError) return commanderCode(error);
  const hint = hintOf(error);
  io.stderr.write(`wazapi: ${messageOf(error)}${hint === undefined ? "" : ` (${hint})`}\n`);
  if (io.env["LOG_LEVEL"] === "debug" && error instanceof Error) io.stderr.write(`${stackOf(error)}\n`);
  return exitCodeOf(error);
}

/** Commander has said its sentence itself; help and version are no failures. */
function commanderCode({ code, exitCode }: CommanderError): number {
  if (exitCode === 0) return exitCodes.ok;
  return code.startsWith("commander.") ? exitCodes.usage : exitCodes.failure;
}

function messageOf(error: unknown): string {
  // A list of mistakes has a line for each.
  if (isWazapiError(error, "invalid_config")) return error.message.split("\n").map(harmless).join("\n");
  if (isWazapiError(error) || error instanceof SandboxError) return harmless(error.message);
  const message = error instanceof Error ? error.message : String(error);
  return `an unexpected failure: ${harmless(message)}`;
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof SandboxError) return undefined;
  if (!isWazapiError(error)) return "LOG_LEVEL=debug shows where";
  const own = error.details["hint"];
  if (typeof own === "string") return own;
  return error.code === "storage" ? storageHint(error.details) : hints[error.code];
}

/** SQLite's reasons are those of a directory; those of PostgreSQL are of a server. */
function storageHint(details: Readonly<Record<string, unknown>>): string {
  return Object.hasOwn(details, "postgres")
    ? "look at POSTGRES_DSN and at the server it names"
    : "look at the free space and the rights of the data directory";
}

function stackOf(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) {
    causes.push(at.stack ?? at.message);
  }
  return causes.join("\ncaused by ");
}
