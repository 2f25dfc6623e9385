import type { ConnectionState } from "#domain/instance.ts";
import type { PasskeyFailure, PasskeyStage } from "#domain/passkey.ts";
import type { Refusal } from "#domain/refusal.ts";
import { duringPasskey, passkeyFailed, passkeyStage } from "./passkey/moves.ts";
import { closeAction, type CloseAction, type ReconnectWait, type Wait } from "./reconnect.ts";
import type { Close } from "./staying/close.ts";

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
 *      replaced   ◄──── 440 ───────────┐   start, restart, heal: connecting                  │ storage failed
 *      locked     ◄──── 403 ───────────┤                                                     │
 *      banned     ◄──── 406 ───────────┤   restricted: comes back by itself at its end       │
 *      restricted ◄──── 402 ───────────┴─────────────────────────────────────────────────────┘
 */

/** Where a session stands, and what it means to do next. */
export interface SessionState {
  readonly state: ConnectionState;
  readonly reason?: string;
  /** Code of the close that led here. */
  readonly statusCode?: number;
  /** What WhatsApp refused the login with, when it did. */
  readonly refusal?: Refusal;
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
  /** Ends right after the hello since WhatsApp last let us in or offered a QR. */
  readonly earlyCloses: number;
  /** Where linking with the user's passkey stands, while it is on. */
  readonly passkey?: PasskeyStage;
}

/** What can happen to a session. */
export type SessionEvent =
  | { readonly type: "start" }
  | { readonly type: "restart" }
  | { readonly type: "stop"; readonly reason: string }
  | { readonly type: "logout" }
  | { readonly type: "qrShown" }
  /** Linking goes on, and why it does not go on by itself has a name. */
  | { readonly type: "pairingStep"; readonly reason: string }
  /** The phone accepted; WhatsApp asks for a new connection next. */
  | { readonly type: "paired" }
  /** WhatsApp asks for the user's passkey; how far that is. */
  | { readonly type: "passkey"; readonly stage: PasskeyStage }
  | { readonly type: "passkeyFailed"; readonly failure: PasskeyFailure; readonly statusCode?: number }
  | { readonly type: "opened" }
  /** `stable`: it had been connected long enough to count as a success. */
  | ({ readonly type: "closed"; readonly stable: boolean } & Close)
  | { readonly type: "silent" }
  | { readonly type: "retryDue" }
  /** What the last try failed by has gone: the next one need not wait. */
  | { readonly type: "retryNow" }
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
  | ({ readonly type: "retry" } & Wait)
  | { readonly type: "cancelRetry" }
  /** The version of WhatsApp Web was refused (405), or that is the best guess. */
  | { readonly type: "suspectVersion"; readonly certain: boolean };

/** What bounds the moves. `now` is epoch milliseconds. */
export interface StepLimits {
  readonly maxHeals: number;
  readonly now: number;
}

/** A session that has done nothing yet. */
export function initialState(input: {
  readonly paired: boolean;
  readonly state: ConnectionState;
  readonly reason?: string;
  readonly refusal?: Refusal;
}): SessionState {
  return {
    state: input.state,
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    ...(input.refusal === undefined ? {} : { refusal: input.refusal }),
    wanted: false,
    socket: false,
    paired: input.paired,
    qrShown: false,
    retrying: false,
    failures: 0,
    heals: 0,
    earlyCloses: 0,
  };
}

/** What follows from `event`. Pure; what is done about it is in `session.ts`. */
export function step(
  now: SessionState,
  event: SessionEvent,
  limits: StepLimits,
): { readonly next: SessionState; readonly effects: readonly Effect[] } {
  const move = moveOf(now, event, limits);
  return now.passkey === undefined ? move : duringPasskey(now, event, move);
}

function moveOf(
  now: SessionState,
  event: SessionEvent,
  limits: StepLimits,
): { next: SessionState; effects: readonly Effect[] } {
  switch (event.type) {
    case "start":
      // Waiting for the next try is running; whoever calls this often must not shorten the wait. `restart` does.
      if (now.socket || now.retrying) return same(now);
      return waitingForEnd(now, limits) ?? opening({ ...now, heals: 0 }, "start");
    case "restart":
      return opening({ ...now, failures: 0, heals: 0 }, "restart");
    case "retryDue":
      if (!now.retrying) return same(now);
      // Long waits come in naps; the clock may have been set meanwhile, too.
      return waitingForEnd(now, limits) ?? opening({ ...now, retrying: false }, now.reason ?? "retry");
    case "retryNow":
      return now.retrying ? opening(now, now.reason ?? "retry") : same(now);
    case "stop":
      return down(now, { state: now.paired ? "disconnected" : "unpaired", reason: event.reason });
    case "logout":
      return loggedOut(now, { effects: now.socket ? [{ type: "unlink" }] : [], reason: "logout" });
    case "qrShown":
      return now.socket ? same({ ...now, qrShown: true, earlyCloses: 0 }) : same(now);
    case "pairingStep":
      return now.socket && !now.paired ? same(moved(now, { state: "pairing", reason: event.reason })) : same(now);
    case "paired":
      return now.socket ? same({ ...now, paired: true }) : same(now);
    case "passkey":
      return passkeyStage(now, event.stage);
    case "passkeyFailed":
      return passkeyFailed(now, event);
    case "opened":
      if (!now.socket) return same(now);
      return same(moved({ ...now, paired: true, earlyCloses: 0 }, { state: "connected", reason: "connected" }));
    case "closed":
      return now.socket ? closed(now, event, limits) : same(now);
    case "silent":
      if (!now.socket) return same(now);
      return lost(now, { reason: "silent", wait: { wait: "backoff" } }, [{ type: "close" }]);
    case "leaseLost":
      return down(now, { state: now.paired ? "disconnected" : "unpaired", reason: "lease_lost" });
    case "storageFailed":
      if (!now.socket) return same(now);
      return lost(now, { reason: "storage_failed", wait: { wait: "backoff" } }, [{ type: "close" }]);
  }
}

/** An account that is restricted until later stays away until then, also after the program was started anew. */
function waitingForEnd(
  now: SessionState,
  limits: StepLimits,
): { next: SessionState; effects: readonly Effect[] } | undefined {
  const until = now.state === "restricted" ? now.refusal?.until : undefined;
  if (until === undefined || until <= limits.now) return undefined;
  return { next: { ...now, wanted: true, retrying: true }, effects: [{ type: "retry", wait: "until", until }] };
}

function closed(
  now: SessionState,
  event: Extract<SessionEvent, { type: "closed" }>,
  limits: StepLimits,
): { next: SessionState; effects: readonly Effect[] } {
  const { statusCode, refusal } = event;
  const earlyCloses = event.early === true ? now.earlyCloses + 1 : now.earlyCloses;
  const gone = { ...now, socket: false, failures: event.stable ? 0 : now.failures, earlyCloses };
  const action = closeAction({ ...event, paired: now.paired, qrShown: now.qrShown, earlyCloses });
  const why = { reason: action.reason, statusCode, ...(refusal === undefined ? {} : { refusal }) };
  switch (action.kind) {
    case "reconnect":
      return lost(gone, { ...why, wait: waitOf(action), suspect: action.suspect === true }, []);
    case "clear":
      return loggedOut(gone, { ...why, effects: [] });
    case "pause":
      return same(moved({ ...gone, wanted: false, qrShown: false }, { ...why, state: "unpaired" }));
    case "until": {
      const { state, until } = action;
      const next = moved({ ...gone, wanted: true, retrying: true, qrShown: false }, { ...why, state });
      return { next, effects: [{ type: "retry", wait: "until", until }] };
    }
    case "stop":
      return stopped(gone, { ...why, state: action.state, heal: action.heal }, limits);
  }
}

function waitOf({ wait, atLeastMs }: Extract<CloseAction, { kind: "reconnect" }>): LostWait {
  return { wait, ...(atLeastMs === undefined ? {} : { atLeastMs }) };
}

/** Stays away, or comes back by itself a few times when that may help. */
function stopped(
  gone: SessionState,
  action: Why & { readonly state: ConnectionState; readonly heal: boolean },
  limits: StepLimits,
): { next: SessionState; effects: readonly Effect[] } {
  const { heal: mayHeal, ...to } = action;
  const heal = mayHeal && gone.heals < limits.maxHeals;
  const next = moved({ ...gone, wanted: heal, retrying: heal, qrShown: false }, to);
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
  cause: Why & { readonly wait: LostWait; readonly suspect?: boolean },
  effects: readonly Effect[],
): { next: SessionState; effects: readonly Effect[] } {
  const { wait, suspect, ...why } = cause;
  // Between the QR and the login WhatsApp closes on purpose: that is progress, not a failure.
  const onPurpose = wait.wait === "none";
  const failures = onPurpose ? now.failures : now.failures + 1;
  const next = moved(
    { ...now, wanted: true, socket: false, retrying: true, qrShown: false, failures },
    { ...why, state: now.paired ? (onPurpose ? "connecting" : "disconnected") : "pairing" },
  );
  const suspected: Effect[] =
    suspect === true ? [{ type: "suspectVersion", certain: why.refusal?.kind === "version" }] : [];
  return { next, effects: [...effects, ...suspected, { type: "retry", ...wait }] };
}

/** Closes what is open and wants nothing more. */
function down(
  now: SessionState,
  why: { readonly state: ConnectionState; readonly reason: string },
): { next: SessionState; effects: readonly Effect[] } {
  const off = { ...now, wanted: false, socket: false, retrying: false, qrShown: false };
  // A session that is down for good keeps saying why.
  return { next: finalStates.has(now.state) ? off : moved(off, why), effects: undo(now) };
}

function loggedOut(
  now: SessionState,
  why: Why & { readonly effects: readonly Effect[] },
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

const finalStates: ReadonlySet<ConnectionState> = new Set(["banned", "locked", "restricted", "logged_out", "replaced"]);

/** Why a session is where it is. */
interface Why {
  readonly reason: string;
  readonly statusCode?: number;
  readonly refusal?: Refusal;
}

/** How long a lost connection stays lost. */
type LostWait = Extract<Wait, { readonly wait: ReconnectWait }>;

function moved(now: SessionState, to: Why & { readonly state: ConnectionState }): SessionState {
  const { reason: _reason, statusCode: _statusCode, refusal: _refusal, ...rest } = now;
  return { ...rest, ...to };
}

function same(next: SessionState): { next: SessionState; effects: readonly Effect[] } {
  return { next, effects: [] };
}
