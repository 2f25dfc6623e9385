import type { CapturedPasskey } from "#domain/captured.ts";
import type { PasskeyFailure, PasskeyStage, PasskeyView } from "#domain/passkey.ts";
import type { Effect, SessionEvent, SessionState } from "../session-state.ts";

/** A move of the session's state, as `step` answers it. */
interface Move {
  readonly next: SessionState;
  readonly effects: readonly Effect[];
}

/** The ceremony is on, at this stage: the session goes on pairing and says what it waits for. */
export function passkeyStage(now: SessionState, stage: PasskeyStage): Move {
  if (!now.socket || now.paired) return { next: now, effects: [] };
  const { statusCode: _statusCode, ...rest } = now;
  return { next: { ...rest, state: "pairing", reason: `passkey_${stage}`, passkey: stage }, effects: [] };
}

/** It came to nothing: socket, references and keys are of no use any more, and only a new QR code helps. */
export function passkeyFailed(
  now: SessionState,
  { failure, statusCode }: { readonly failure: PasskeyFailure; readonly statusCode?: number },
): Move {
  if (now.passkey === undefined) return { next: now, effects: [] };
  const { statusCode: _statusCode, passkey: _passkey, ...rest } = now;
  const next: SessionState = {
    ...rest,
    state: "unpaired",
    reason: `passkey_${failure}`,
    wanted: false,
    socket: false,
    qrShown: false,
    ...(statusCode !== undefined && { statusCode }),
  };
  return { next, effects: now.socket ? [{ type: "close" }] : [] };
}

const losses: ReadonlySet<SessionEvent["type"]> = new Set(["closed", "silent", "storageFailed"]);

/** What another event means while the ceremony is on; `move` is what it would mean without. A lost socket ends it. */
export function duringPasskey(now: SessionState, event: SessionEvent, move: Move): Move {
  if (event.type === "passkey" || event.type === "passkeyFailed") return move;
  if (losses.has(event.type)) {
    const { effects, next } = passkeyFailed(now, { failure: "expired" });
    const gone = event.type === "closed";
    const code = gone ? { statusCode: event.statusCode } : {};
    return { next: { ...next, ...code }, effects: gone ? [] : effects };
  }
  const goesOn = move.effects.length === 0 && move.next.socket && !move.next.paired;
  // Whatever else pairing has to say, this is what it waits for.
  if (goesOn) return { ...move, next: { ...move.next, state: now.state, reason: `passkey_${now.passkey}` } };
  const { passkey: _passkey, ...next } = move.next;
  return { ...move, next };
}

/** How a ceremony ended, for the metric; undefined while none did. */
export function passkeyEndOf(before: SessionState, after: SessionState): string | undefined {
  if (before.passkey === undefined || after.passkey !== undefined) return undefined;
  if (after.paired) return "linked";
  return failures[after.reason ?? ""] ?? "abandoned";
}

const failures: Readonly<Record<string, PasskeyFailure>> = {
  passkey_expired: "expired",
  passkey_refused: "refused",
  passkey_silent: "silent",
};

/** The event of a ceremony that has just begun; undefined for every other move. */
export function passkeyAsked(
  before: SessionState,
  after: SessionState,
  known: { readonly view: PasskeyView | undefined; readonly now: number },
): CapturedPasskey | undefined {
  if (before.passkey !== undefined || after.passkey !== "required") return undefined;
  const { ceremony, expiresAt = known.now } = known.view ?? {};
  return ceremony === undefined ? undefined : { kind: "passkey", ceremony, expiresAt, at: known.now };
}
