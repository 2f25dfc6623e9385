import { backoffMs } from "#lib/backoff.ts";

/** What follows a close. */
export type CloseAction =
  /** Open again: at once, or after a wait that grows with the failures. */
  | { readonly kind: "reconnect"; readonly wait: "none" | "backoff" | "long"; readonly reason: string }
  /** Stay away until somebody asks; with `heal`, also try again after a long while, a few times. */
  | {
      readonly kind: "stop";
      readonly state: "disconnected" | "replaced" | "banned";
      readonly reason: string;
      readonly heal: boolean;
    }
  /** The phone unlinked this device: its credentials are worthless. */
  | { readonly kind: "clear"; readonly reason: string }
  /** Nobody scanned: pairing waits for the next one who asks for a QR. */
  | { readonly kind: "pause"; readonly reason: string };

/**
 * Close code → what to do. WhatsApp protocol: 401 device removed or unlinked, 402/403 account restricted or banned,
 * 405 client refused, 411 not a multi-device account, 440 another connection took this session, 503 overloaded,
 * 515 reconnect right after pairing. 408 and 428 are Baileys' codes for a lost and a closed connection.
 */
const closeTable: Readonly<Record<number, CloseAction>> = {
  401: { kind: "clear", reason: "logged_out" },
  402: { kind: "stop", state: "banned", reason: "temporarily_banned", heal: true },
  403: { kind: "stop", state: "banned", reason: "banned", heal: false },
  405: { kind: "reconnect", wait: "long", reason: "client_refused" },
  406: { kind: "clear", reason: "logged_out" },
  408: { kind: "reconnect", wait: "backoff", reason: "connection_lost" },
  411: { kind: "stop", state: "disconnected", reason: "multidevice_mismatch", heal: false },
  428: { kind: "reconnect", wait: "backoff", reason: "connection_closed" },
  440: { kind: "stop", state: "replaced", reason: "replaced", heal: true },
  500: { kind: "reconnect", wait: "backoff", reason: "stream_error" },
  503: { kind: "reconnect", wait: "backoff", reason: "server_unavailable" },
  515: { kind: "reconnect", wait: "none", reason: "restart_required" },
};

/** What to do after this close. An unpaired session has nothing to log out of; once its QRs are used up it pauses. */
export function closeAction(input: {
  readonly statusCode: number;
  readonly paired: boolean;
  readonly qrShown: boolean;
}): CloseAction {
  const action = closeTable[input.statusCode] ?? { kind: "reconnect", wait: "backoff", reason: "connection_closed" };
  if (input.paired) return action;
  if (input.statusCode === 408 && input.qrShown) return { kind: "pause", reason: "qr_expired" };
  return action.kind === "clear" ? { kind: "pause", reason: "pairing_failed" } : action;
}

/** How long reconnects wait. */
export interface ReconnectOptions {
  /** First wait and ceiling of the growing one; the actual wait is anywhere between 0 and it. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** A connection that lived this long was a success: the waits start over. */
  readonly stableMs: number;
  /** Before a replaced or restricted session tries again by itself, and how often it does. */
  readonly healMs: number;
  readonly maxHeals: number;
}

/** Suits the real WhatsApp. */
export const defaultReconnect: ReconnectOptions = {
  baseMs: 1_000,
  maxMs: 60_000,
  stableMs: 30_000,
  healMs: 15 * 60_000,
  maxHeals: 3,
};

/** Milliseconds before the next try. */
export function reconnectWaitMs(
  options: ReconnectOptions,
  input: { readonly wait: "none" | "backoff" | "long" | "heal"; readonly failures: number },
  random: () => number = Math.random,
): number {
  switch (input.wait) {
    case "none":
      return 0;
    case "backoff":
      return backoffMs({ baseMs: options.baseMs, maxMs: options.maxMs, jitter: "full" }, input.failures, random);
    case "long":
      return backoffMs({ baseMs: options.maxMs, maxMs: options.maxMs, jitter: "equal" }, 1, random);
    case "heal":
      return backoffMs({ baseMs: options.healMs, maxMs: options.healMs, jitter: "equal" }, 1, random);
  }
}
