import type { ClaimedMessage } from "#store/queue.ts";
import type { QueueDeps } from "./deps.ts";

/** Why a held message is let go before its end. */
export type Interruption = "canceled" | "disconnected" | "draining" | "stopped" | "lost";

/** One claimed message in the hands of this process. Disposing it ends the renewals, not the claim. */
export interface Hold extends AsyncDisposable {
  readonly claim: ClaimedMessage;
  /** Aborts when the message is to be let go. */
  readonly signal: AbortSignal;
  readonly reason: () => Interruption | undefined;
  /**
   * Lets the message go; `after` runs once it is back in the line and before anything else is claimed, and this resolves
   * with it. Once the send has begun only `stopped` and `lost` count, for all others the answer is undefined at once.
   */
  readonly interrupt: <Result>(reason: Interruption, after: () => Promise<Result>) => Promise<Result> | undefined;
  /** From here on the message may reach WhatsApp. False when the claim is no longer ours. */
  readonly beginSend: () => Promise<boolean>;
  /** Runs what was given to `interrupt`. */
  readonly afterRelease: () => Promise<void>;
}

/** Takes hold of a claim and renews it until disposed; losing it interrupts with `lost`. */
export function holdClaim(deps: QueueDeps, claim: ClaimedMessage, options: { readonly leaseMs: number }): Hold {
  const { queue, clock, log } = deps;
  const stop = new AbortController();
  const done = new AbortController();
  const followers: (() => void)[] = [];
  const finished: Promise<void>[] = [];
  let reason: Interruption | undefined;
  let sending = false;
  let renewedAtMs = clock.monotonicMs();

  const abort = (why: Interruption): void => {
    reason ??= why;
    stop.abort();
  };
  const renew = async (): Promise<boolean> => {
    const startedAtMs = clock.monotonicMs();
    if (!(await queue.renew({ claim, leaseMs: options.leaseMs, now: clock.now() }))) return false;
    renewedAtMs = startedAtMs;
    return true;
  };
  const keep = async (): Promise<void> => {
    for (;;) {
      await deps.sleep(options.leaseMs / 3, done.signal);
      if (done.signal.aborted) return;
      try {
        if (await renew()) continue;
        abort("lost");
        return;
      } catch (error) {
        // A database that cannot be written for a moment takes the claim from nobody; the next turn tries again.
        log.warn({ instanceId: claim.instanceId, zaapId: claim.zaapId, error }, "queue claim not renewed");
      }
    }
  };
  const keeping = keep();

  return {
    claim,
    signal: stop.signal,
    reason: () => reason,
    interrupt: (why, after) => {
      if (reason !== undefined || (sending && why !== "stopped" && why !== "lost")) return undefined;
      const outcome = new Promise<void>((resolve) => followers.push(resolve)).then(after);
      // Whoever asked hears of a failure; the lane only needs to know that it is over.
      finished.push(outcome.then(nothing, nothing));
      abort(why);
      return outcome;
    },
    beginSend: async () => {
      if (reason !== undefined) return false;
      sending = true;
      // A process that was stopped for long (a suspended machine) may have lost its claim without noticing.
      if (clock.monotonicMs() - renewedAtMs < options.leaseMs / 2) return true;
      const held = await renew().catch(() => false);
      if (!held) abort("lost");
      return held;
    },
    afterRelease: async () => {
      for (const follow of followers.splice(0)) follow();
      await Promise.all(finished);
    },
    [Symbol.asyncDispose]: async () => {
      done.abort();
      await keeping;
    },
  };
}

function nothing(): void {}
