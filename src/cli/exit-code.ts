import { isWazapiError } from "#domain/errors.ts";
import type { ErrorCode } from "#domain/errors.ts";
import { SandboxError } from "#sandbox/sandbox-error.ts";
import type { SandboxErrorCode } from "#sandbox/sandbox-error.ts";

/** What a command's exit code tells a script. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unavailable: 6,
} as const satisfies Record<string, number>;

type Outcome = Exclude<keyof typeof exitCodes, "ok">;

const outcomeOf = {
  invalid_request: "usage",
  invalid_json: "usage",
  invalid_phone: "usage",
  unauthorized: "auth",
  forbidden: "auth",
  subscription_inactive: "auth",
  not_found: "notFound",
  instance_not_found: "notFound",
  event_not_found: "notFound",
  message_not_found: "notFound",
  link_expired: "notFound",
  method_not_allowed: "failure",
  conflict: "conflict",
  already_paired: "conflict",
  pairing_refused: "failure",
  passkey_required: "conflict",
  passkey_waiting_phone: "conflict",
  passkey_confirm: "conflict",
  passkey_linking: "conflict",
  passkey_expired: "conflict",
  idempotency_conflict: "conflict",
  // Nothing the caller asked for conflicts: the same command works once the connection is back.
  not_connected: "unavailable",
  lease_lost: "conflict",
  payload_too_large: "failure",
  unsupported_media_type: "failure",
  media_rejected: "failure",
  forbidden_address: "usage",
  queue_full: "unavailable",
  rate_limited: "unavailable",
  internal: "failure",
  not_supported: "failure",
  shutting_down: "unavailable",
  unavailable: "unavailable",
  standby: "unavailable",
  phone_silent: "unavailable",
  timeout: "unavailable",
  invalid_config: "usage",
  newer_schema: "failure",
  storage: "unavailable",
  send_rejected: "failure",
  send_restricted: "failure",
  send_failed: "failure",
  send_unreadable: "failure",
  send_timeout: "failure",
  number_not_on_whatsapp: "failure",
} as const satisfies Record<ErrorCode, Outcome>;

const sandboxOutcomeOf = {
  invalid: "usage",
  unauthorized: "auth",
  not_found: "notFound",
  conflict: "conflict",
  refused: "failure",
  not_supported: "failure",
  unavailable: "unavailable",
} as const satisfies Record<SandboxErrorCode, Outcome>;

/** The exit code for whatever a command threw; what nobody foresaw is a failure. */
export function exitCodeOf(error: unknown): number {
  if (isWazapiError(error)) return exitCodes[outcomeOf[error.code]];
  if (error instanceof SandboxError) return exitCodes[sandboxOutcomeOf[error.code]];
  return exitCodes.failure;
}
