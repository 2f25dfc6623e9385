import type { ConnectionState } from "#domain/instance.ts";
import { backoffMs } from "#lib/backoff.ts";
import type { Close } from "./staying/close.ts";

/** How long the next try waits: not at all, for a time that grows with the failures, or for one that starts long. */
export type ReconnectWait = "none" | "backoff" | "long";

/** What follows a close. */
export type CloseAction =
  /** Open again. `suspect`: the version of WhatsApp Web is what was refused, as far as anybody can tell. */
  | {
      readonly kind: "reconnect";
      readonly wait: ReconnectWait;
      readonly reason: string;
      readonly suspect?: true;
      /** Milliseconds that the other side asked for at least. */
      readonly atLeastMs?: number;
    }
  /** Stay away until somebody asks; with `heal`, also try again after a long while, a few times. */
  | {
      readonly kind: "stop";
      readonly state: Extract<ConnectionState, "disconnected" | "replaced" | "locked" | "banned" | "restricted">;
      readonly reason: string;
      readonly heal: boolean;
    }
  /** Stay away until then (epoch milliseconds), and come back. */
  | { readonly kind: "until"; readonly state: "restricted"; readonly reason: string; readonly until: number }
  /** The phone unlinked this device: its credentials are worthless. */
  | { readonly kind: "clear"; readonly reason: string }
  /** Nobody scanned: pairing waits for the next one who asks for a QR. */
  | { readonly kind: "pause"; readonly reason: string };

/**
 * Close code → what to do. WhatsApp protocol: 401 device removed or unlinked, 402 account restricted for a time, 403
 * locked, 405 version refused, 406 banned (its credentials stay: an appeal may bring them back to life), 409 and 413 to
 * 418 something about the client, 411 not a multi-device account, 429 too many tries, 440 another connection took this
 * session, 503 overloaded, 515 reconnect right after pairing. 408 and 428 are Baileys' codes for a lost and a closed
 * connection.
 */
const closeTable: Readonly<Record<number, CloseAction>> = {
  400: { kind: "reconnect", wait: "long", reason: "client_refused" },
  401: { kind: "clear", reason: "logged_out" },
  402: { kind: "stop", state: "restricted", reason: "temporarily_banned", heal: true },
  403: { kind: "stop", state: "locked", reason: "locked", heal: false },
  405: { kind: "reconnect", wait: "long", reason: "version_refused", suspect: true },
  406: { kind: "stop", state: "banned", reason: "banned", heal: false },
  408: { kind: "reconnect", wait: "backoff", reason: "connection_lost" },
  409: { kind: "reconnect", wait: "long", reason: "client_refused" },
  411: { kind: "stop", state: "disconnected", reason: "multidevice_mismatch", heal: false },
  413: { kind: "reconnect", wait: "long", reason: "client_refused" },
  414: { kind: "reconnect", wait: "long", reason: "client_refused" },
  415: { kind: "reconnect", wait: "long", reason: "client_refused" },
  418: { kind: "reconnect", wait: "long", reason: "client_refused" },
  428: { kind: "reconnect", wait: "backoff", reason: "connection_closed" },
  429: { kind: "reconnect", wait: "long", reason: "rate_limited" },
  440: { kind: "stop", state: "replaced", reason: "replaced", heal: true },
  500: { kind: "reconnect", wait: "backoff", reason: "stream_error" },
  501: { kind: "reconnect", wait: "backoff", reason: "server_unavailable" },
  503: { kind: "reconnect", wait: "backoff", reason: "server_unavailable" },
  515: { kind: "reconnect", wait: "none", reason: "restart_required" },
};

/** Ends right after the hello, one after the other, that make the version a suspect. */
const earlyClosesToSuspect = 3;

/** What to do after this close. An unpaired session has nothing to log out of; once its QRs are used up it pauses. */
export function closeAction(
  close: Close & {
    readonly paired: boolean;
    readonly qrShown: boolean;
    /** Ends right after the hello in a row, this one included. */
    readonly earlyCloses?: number;
  },
): CloseAction {
  const { statusCode, paired, refusal, upgrade } = close;
  if (upgrade !== undefined) return upgradeAction(upgrade);
  const action = actionOf(statusCode, close.earlyCloses ?? 0);
  if (!paired) return unpairedAction(action, close);
  if (action.kind !== "stop" || action.state !== "restricted" || refusal?.until === undefined) return action;
  return { kind: "until", state: action.state, reason: action.reason, until: refusal.until };
}

function actionOf(statusCode: number, earlyCloses: number): CloseAction {
  const known = closeTable[statusCode];
  const suspicious = (statusCode === 408 || statusCode === 428) && earlyCloses >= earlyClosesToSuspect;
  if (suspicious) return { kind: "reconnect", wait: "backoff", reason: "version_suspected", suspect: true };
  if (known !== undefined) return known;
  // WhatsApp protocol: what begins with 4 is about us; asking again soon would not change it.
  const refused = statusCode >= 400 && statusCode < 500;
  return refused
    ? { kind: "reconnect", wait: "long", reason: "refused" }
    : { kind: "reconnect", wait: "backoff", reason: "connection_closed" };
}

function unpairedAction(action: CloseAction, close: Close & { readonly qrShown: boolean }): CloseAction {
  if (close.statusCode === 408 && close.qrShown) return { kind: "pause", reason: "qr_expired" };
  const lost = action.kind === "clear" || (action.kind === "stop" && close.refusal !== undefined);
  return lost ? { kind: "pause", reason: "pairing_failed" } : action;
}

/** The request for the websocket was answered: nothing is known about the account, whatever the number says. */
function upgradeAction({ status, retryAfterMs }: NonNullable<Close["upgrade"]>): CloseAction {
  const refused = status === 429 || (status >= 400 && status < 500);
  return {
    kind: "reconnect",
    wait: refused ? "long" : "backoff",
    reason: "upgrade_refused",
    ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }),
  };
}

/** How long reconnects wait. */
export interface ReconnectOptions {
  /** First wait and ceiling of the growing one; the actual wait is anywhere between 0 and it. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** A connection that lived this long was a success: the waits start over. */
  readonly stableMs: number;
  /** Before a replaced or restricted session tries again by itself, and how often it does. Ceiling of long waits. */
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

/** The wait before a try. */
export type Wait =
  | { readonly wait: ReconnectWait; readonly atLeastMs?: number }
  | { readonly wait: "heal" }
  /** Epoch milliseconds. */
  | { readonly wait: "until"; readonly until: number };

/** Waits for a moment are cut to this, so that a clock that was set is noticed and no timer overflows. */
const longestNapMs = 60 * 60_000;
/** What a wait for a moment is prolonged by at most: accounts do not all come back in the same second. */
const untilJitterMs = 30_000;

/** Milliseconds before the next try, or before the next look whether it is time. */
export function reconnectWaitMs(
  options: ReconnectOptions,
  input: Wait & { readonly failures: number; readonly now: number },
  random: () => number = Math.random,
): number {
  const { baseMs, maxMs, healMs } = options;
  const longestMs = Math.max(maxMs, healMs);
  switch (input.wait) {
    case "none":
      return 0;
    case "backoff": {
      const ms = backoffMs({ baseMs, maxMs, jitter: "full" }, input.failures, random);
      return Math.max(ms, input.atLeastMs ?? 0);
    }
    case "long": {
      const ms = backoffMs({ baseMs: maxMs, maxMs: longestMs, jitter: "equal" }, input.failures, random);
      return Math.max(ms, input.atLeastMs ?? 0);
    }
    case "heal":
      return backoffMs({ baseMs: healMs, maxMs: healMs, jitter: "equal" }, 1, random);
    case "until":
      return Math.min(longestNapMs, Math.max(0, input.until - input.now) + random() * Math.min(untilJitterMs, healMs));
  }
}
