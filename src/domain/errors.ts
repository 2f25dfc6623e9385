/** One kind of failure a caller can see. */
export interface ErrorKind {
  /** HTTP status. */
  readonly status: number;
  readonly message: string;
  /** Whether the same request can succeed later without a change. */
  readonly retryable: boolean;
}

/** Every failure a caller can see. The key is the stable `code` in answers: never rename one, only add. */
export const errorTable = {
  invalid_request: { status: 400, message: "the request does not match what this route takes", retryable: false },
  invalid_json: { status: 400, message: "the body is not valid JSON", retryable: false },
  invalid_phone: { status: 400, message: "this is no phone number, group, channel or LID", retryable: false },
  unauthorized: { status: 401, message: "invalid credentials", retryable: false },
  forbidden: { status: 403, message: "this token does not open this route", retryable: false },
  subscription_inactive: { status: 403, message: "instance subscription inactive", retryable: false },
  not_found: { status: 404, message: "there is nothing at this address", retryable: false },
  instance_not_found: { status: 404, message: "instance not found", retryable: false },
  event_not_found: { status: 404, message: "event not found", retryable: false },
  message_not_found: { status: 404, message: "message not found", retryable: false },
  method_not_allowed: { status: 405, message: "this address does not take that verb", retryable: false },
  conflict: { status: 409, message: "the request conflicts with the present state", retryable: false },
  already_paired: { status: 409, message: "instance already paired", retryable: false },
  pairing_refused: { status: 422, message: "WhatsApp refuses to link this phone", retryable: false },
  passkey_required: { status: 409, message: "WhatsApp asks for the passkey of this number", retryable: false },
  passkey_waiting_phone: { status: 409, message: "the passkey was given; the phone has to go on", retryable: false },
  passkey_confirm: { status: 409, message: "the codes on both screens have to be compared", retryable: false },
  passkey_linking: { status: 409, message: "the phone is linking this device", retryable: false },
  passkey_expired: { status: 410, message: "the passkey was asked for too long ago; link again", retryable: false },
  idempotency_conflict: {
    status: 409,
    message: "this Idempotency-Key was used with another request",
    retryable: false,
  },
  not_connected: { status: 409, message: "the instance is not connected to WhatsApp", retryable: true },
  lease_lost: { status: 409, message: "another process owns this instance now", retryable: true },
  payload_too_large: { status: 413, message: "the body is larger than allowed", retryable: false },
  unsupported_media_type: { status: 415, message: "the body must be application/json", retryable: false },
  media_rejected: { status: 422, message: "this media cannot be used", retryable: false },
  forbidden_address: { status: 422, message: "this address may not be called from here", retryable: false },
  link_expired: { status: 410, message: "this address has expired", retryable: false },
  queue_full: { status: 429, message: "too many messages wait for this instance", retryable: true },
  rate_limited: { status: 429, message: "too many requests", retryable: true },
  internal: { status: 500, message: "internal error", retryable: true },
  not_supported: { status: 501, message: "the WhatsApp client cannot do this", retryable: false },
  shutting_down: { status: 503, message: "the server is shutting down", retryable: true },
  unavailable: { status: 503, message: "this node cannot do that now", retryable: true },
  standby: { status: 503, message: "this node is a standby; ask the leader", retryable: true },
  phone_silent: { status: 504, message: "the phone did not answer", retryable: true },
  timeout: { status: 504, message: "no answer in time", retryable: true },
  invalid_config: { status: 500, message: "the settings are not usable", retryable: false },
  newer_schema: { status: 500, message: "the database was written by a newer version", retryable: false },
  storage: { status: 503, message: "the database cannot be written", retryable: true },
  // Failures of one send, seen in DeliveryCallback and in the ledger.
  send_rejected: { status: 422, message: "WhatsApp rejected sending this message", retryable: false },
  send_restricted: { status: 429, message: "WhatsApp restricts new conversations of this account", retryable: true },
  send_failed: { status: 502, message: "Error on send message", retryable: true },
  send_unreadable: {
    status: 502,
    message: "WhatsApp names no device of the recipient: nobody could have read the message",
    retryable: true,
  },
  send_timeout: { status: 504, message: "Timeout on send message", retryable: true },
  number_not_on_whatsapp: { status: 422, message: "Phone number does not exist", retryable: false },
} as const satisfies Record<string, ErrorKind>;

/** Stable name of a failure. */
export type ErrorCode = keyof typeof errorTable;

/** The only error thrown on purpose. Anything else that reaches an edge is a bug and answers 500 `internal`. */
export class WazapiError extends Error {
  override readonly name = "WazapiError";
  readonly code: ErrorCode;
  /** Facts a caller can act on (field names, limits); never secrets, never message content. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: { message?: string; details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(
      options.message ?? errorTable[code].message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Whether this is a WazapiError, of one of these codes when codes are given. */
export function isWazapiError(error: unknown, ...codes: readonly ErrorCode[]): error is WazapiError {
  return error instanceof WazapiError && (codes.length === 0 || codes.includes(error.code));
}
