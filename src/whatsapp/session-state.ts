import type { ConnectionState } from "#domain/instance.ts";
import { closeAction, type CloseAction } from "./reconnect.ts";

/*
 *                    start, qr                 phone accepts, 515
 *      unpaired ───────────────────► pairing ─────────────────────┐
 *          ▲      ◄─────────────────    │                         ▼
 *          │       QRs used up, stop    │ closed, backoff     connecting ──── opened ───► connected
 *          │                            └────────►┐               ▲                          │
 *          │                                      └──► (retry) ───┤  retry due, start        │
 *          │                                                      │                          │
 *      logged_out ◄──── 401, logout ──── any paired state         └───── disconnected ◄──────┤ closed, silent,
 *          start: pairing                                                                    │ stop, lease lost,
 *      replaced ◄────── 440 ───────────┐   start, restart, heal: connecting                  │ storage failed
 *      banned   ◄────── 402, 403 ──────┴─────────────────────────────────────────────────────┘
 */

/** Where a session stands, and what it means to do next. */
export interface SessionState {
  readonly state: ConnectionState;
  readonly reason?: string;
  /** Code of the close that led here. */
  readonly statusCode?: number;
  /** Whether a socket should exist, now or after a wait. */
  readonly wanted: boolean;
  /** Whether one exists. */
  readonly socket: boolean;
  /** A phone has accepted this device. */
  readonly paired: boolean;
  /** The present socket has offered a QR. */
  readonly qrShown: boolean;
  /** Waiting for `retryDue`. */
  readonly retrying: boolean;
  /** Closes since the last stable connection. */
  readonly failures: number;
  /** Times it has come back by itself after having been replaced or restricted. */
  readonly heals: number;
}

/** What can happen to a session. */
export type SessionEvent =
  | { readonly type: "start" }
  | { readonly type: "restart" }
  | { readonly type: "stop"; readonly reason: string }
  | { readonly type: "logout" }
  | { readonly type: "qrShown" }
  /** The phone accepted; WhatsApp asks for a new connection next. */
  | { readonly type: "paired" }
  | { readonly type: "opened" }
  /** `stable`: it had been connected long enough to count as a success. */
  | { readonly type: "closed"; readonly statusCode: number; readonly stable: boolean }
  | { readonly type: "silent" }
  | { readonly type: "retryDue" }
  | { readonly type: "leaseLost" }
  | { readonly type: "storageFailed" };

/** What has to be done, in this order. */
export type Effect =
  | { readonly type: "open" }
  | { readonly type: "close" }
  /** Tells WhatsApp that this device goes; then the socket is closed too. */
  | { readonly type: "unlink" }
  /** Forgets the Signal state. */
  | { readonly type: "clear" }
  | { readonly type: "retry"; readonly wait: "none" | "backoff" | "long" | "heal" }
  | { readonly type: "cancelRetry" };

/** A session that has done nothing yet. */
export function initialState(input: {
  readonly paired: boolean;
  readonly state: ConnectionState;
  readonly reason?: string;
}): SessionState {
  return {
    state: input.state,
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    wanted: false,
    socket: false,
    paired: input.paired,
    qrShown: false,
    retrying: false,
    failures: 0,
    heals: 0,
  };
}

/** What follows from `event`. Pure; what is done about it is in `session.ts`. */
export function step(
  now: SessionState,
  event: SessionEvent,
  limits: { readonly maxHeals: number },
): { readonly next: SessionState; readonly effects: readonly Effect[] } {
  switch (event.type) {
    case "start":
      // Waiting for the next try is running; whoever calls this often must not shorten the wait. `restart` does.
      return now.socket || now.retrying ? same(now) : opening({ ...now, heals: 0 }, "start");
    case "restart":
      return opening({ ...now, failures: 0, heals: 0 }, "restart");
    case "retryDue":
      return now.retrying ? opening({ ...now, retrying: false }, now.reason ?? "retry") : same(now);
    case "stop":
      return down(now, { state: now.paired ? "disconnected" : "unpaired", reason: event.reason });
    case "logout":
      return loggedOut(now, { effects: now.socket ? [{ type: "unlink" }] : [], reason: "logout" });
    case "qrShown":
      return now.socket ? same({ ...now, qrShown: true }) : same(now);
    case "paired":
      return now.socket ? same({ ...now, paired: true }) : same(now);
    case "opened":
      if (!now.socket) return same(now);
      return same(moved({ ...now, paired: true }, { state: "connected", reason: "connected" }));
    case "closed":
      return now.socket ? closed(now, event, limits) : same(now);
    case "silent":
      if (!now.socket) return same(now);
      return lost(now, { reason: "silent", wait: "backoff" }, [{ type: "close" }]);
    case "leaseLost":
      return down(now, { state: now.paired ? "disconnected" : "unpaired", reason: "lease_lost" });
    case "storageFailed":
      if (!now.socket) return same(now);
      return lost(now, { reason: "storage_failed", wait: "backoff" }, [{ type: "close" }]);
  }
}

function closed(
  now: SessionState,
  event: { readonly statusCode: number; readonly stable: boolean },
  limits: { readonly maxHeals: number },
): { next: SessionState; effects: readonly Effect[] } {
  const { statusCode } = event;
  const gone = { ...now, socket: false, failures: event.stable ? 0 : now.failures };
  const action = closeAction({ statusCode, paired: now.paired, qrShown: now.qrShown });
  switch (action.kind) {
    case "reconnect":
      return lost(gone, { ...action, statusCode }, []);
    case "clear":
      return loggedOut(gone, { effects: [], reason: action.reason, statusCode });
    case "pause":
      return same(
        moved({ ...gone, wanted: false, qrShown: false }, { state: "unpaired", reason: action.reason, statusCode }),
      );
    case "stop":
      return stopped(gone, { ...action, statusCode }, limits);
  }
}

/** Stays away, or comes back by itself a few times when that may help. */
function stopped(
  gone: SessionState,
  action: Extract<CloseAction, { kind: "stop" }> & { readonly statusCode: number },
  limits: { readonly maxHeals: number },
): { next: SessionState; effects: readonly Effect[] } {
  const { state, reason, statusCode } = action;
  const heal = action.heal && gone.heals < limits.maxHeals;
  const next = moved({ ...gone, wanted: heal, retrying: heal, qrShown: false }, { state, reason, statusCode });
  return {
    next: heal ? { ...next, heals: next.heals + 1 } : next,
    effects: heal ? [{ type: "retry", wait: "heal" }] : [],
  };
}

/** Opens a socket, closing the present one and any waiting first. */
function opening(now: SessionState, reason: string): { next: SessionState; effects: readonly Effect[] } {
  const next = moved(
    { ...now, wanted: true, socket: true, retrying: false, qrShown: false },
    { state: now.paired ? "connecting" : "pairing", reason },
  );
  return { next, effects: [...undo(now), { type: "open" }] };
}

/** The socket is gone or must go; another follows after a wait. */
function lost(
  now: SessionState,
  cause: { readonly reason: string; readonly wait: "none" | "backoff" | "long"; readonly statusCode?: number },
  effects: readonly Effect[],
): { next: SessionState; effects: readonly Effect[] } {
  const { wait, ...why } = cause;
  // Between the QR and the login WhatsApp closes on purpose: that is progress, not a failure.
  const failures = wait === "none" ? now.failures : now.failures + 1;
  const next = moved(
    { ...now, wanted: true, socket: false, retrying: true, qrShown: false, failures },
    { ...why, state: now.paired ? (wait === "none" ? "connecting" : "disconnected") : "pairing" },
  );
  return { next, effects: [...effects, { type: "retry", wait }] };
}

/** Closes what is open and wants nothing more. */
function down(
  now: SessionState,
  why: { readonly state: ConnectionState; readonly reason: string },
): { next: SessionState; effects: readonly Effect[] } {
  const off = { ...now, wanted: false, socket: false, retrying: false, qrShown: false };
  // A session that is down for good keeps saying why.
  const final = now.state === "banned" || now.state === "logged_out" || now.state === "replaced";
  return { next: final ? off : moved(off, why), effects: undo(now) };
}

function loggedOut(
  now: SessionState,
  why: { readonly effects: readonly Effect[]; readonly reason: string; readonly statusCode?: number },
): { next: SessionState; effects: readonly Effect[] } {
  const { effects, ...rest } = why;
  const next = moved(
    { ...now, wanted: false, socket: false, paired: false, retrying: false, qrShown: false, failures: 0, heals: 0 },
    { ...rest, state: "logged_out" },
  );
  const cancel: Effect[] = now.retrying ? [{ type: "cancelRetry" }] : [];
  return { next, effects: [...cancel, ...effects, { type: "clear" }] };
}

function undo(now: SessionState): Effect[] {
  return [
    ...(now.retrying ? [{ type: "cancelRetry" } as const] : []),
    ...(now.socket ? [{ type: "close" } as const] : []),
  ];
}

function moved(
  now: SessionState,
  to: { readonly state: ConnectionState; readonly reason: string; readonly statusCode?: number },
): SessionState {
  const { reason: _reason, statusCode: _statusCode, ...rest } = now;
  return { ...rest, ...to };
}

function same(next: SessionState): { next: SessionState; effects: readonly Effect[] } {
  return { next, effects: [] };
}
