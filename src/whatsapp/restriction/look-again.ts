import { askLockAt, type ChatLimits } from "#domain/chat-limits.ts";
import type { Clock } from "#lib/clock.ts";
import type { sleep } from "#lib/sleep.ts";
import { askAgainMs } from "./words.ts";

/** Looks again, on an open connection, when a lock or a quota comes to its end. */
export interface LookAgain {
  /** The limits are these now: the next look is set by them. */
  readonly set: (limits: ChatLimits) => void;
}

/** How long nobody asks about a lock without an end while nothing waits for it; messages that do ask each minute. */
const idleAskMs = 10 * 60_000;
/** A timer takes no more than about 24 days, and a clock may be set meanwhile. */
const longestMs = 60 * 60_000;

/** `look` ends by setting the next one. Ends with the signal. */
export function createLookAgain(
  deps: { readonly clock: Clock; readonly sleep: typeof sleep },
  look: () => Promise<void>,
  signal: AbortSignal,
): LookAgain {
  const { clock } = deps;
  let turn = new AbortController();
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function wait(limits: ChatLimits, over: AbortSignal): Promise<void> {
    for (;;) {
      const dueAt = lookAt(limits);
      if (dueAt === undefined || over.aborted) return;
      // Whatever WhatsApp answers, it is not asked without a pause.
      const leftMs = Math.max(dueAt, lookedAt + askAgainMs) - clock.now();
      if (leftMs <= 0) break;
      await deps.sleep(Math.min(leftMs, longestMs), over);
    }
    lookedAt = clock.now();
    await look();
  }

  return {
    set: (limits) => {
      turn.abort("over");
      turn = new AbortController();
      void wait(limits, AbortSignal.any([turn.signal, signal]));
    },
  };
}

function lookAt(limits: ChatLimits): number | undefined {
  const { lock, quota } = limits;
  const ends = [
    lock === undefined ? [] : (askLockAt(limits) ?? 0) + (lock.until === undefined ? idleAskMs - askAgainMs : 0),
    quota?.status === "CAPPED" ? (quota.endsAt ?? []) : [],
  ].flat();
  return ends.length === 0 ? undefined : Math.min(...ends);
}
