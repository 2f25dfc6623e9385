import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { DeliveryStore, Lane } from "#store/deliveries.ts";

/** What keeping a lease works with. */
interface LeaseDeps {
  readonly deliveries: Pick<DeliveryStore, "renewLane">;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** The lease of one lane. */
export interface LaneLease {
  /** Extends it now; false when somebody else has the lane. Throws what the store throws. */
  readonly renew: () => Promise<boolean>;
  /** Extends it until the signal aborts, or it is lost. */
  readonly keep: (signal: AbortSignal) => Promise<void>;
}

/** A lease that was just taken; aborts `lost` when somebody else has the lane, or may have it. */
export function createLaneLease(
  deps: LeaseDeps,
  input: { readonly lane: Lane; readonly leaseMs: number; readonly lost: AbortController },
): LaneLease {
  const { lane, leaseMs, lost } = input;
  const { clock } = deps;
  let heldUntilMs = clock.monotonicMs() + leaseMs;
  const renew = async (): Promise<boolean> => {
    const startedMs = clock.monotonicMs();
    const kept = await deps.deliveries.renewLane({ lane, leaseMs, now: clock.now() });
    if (kept) heldUntilMs = startedMs + leaseMs;
    else lost.abort();
    return kept;
  };
  return {
    renew,
    keep: async (signal) => {
      while (!signal.aborted) {
        await deps.sleep(leaseMs / 3, signal);
        if (signal.aborted) return;
        try {
          await renew();
        } catch (error) {
          deps.log.warn({ hookId: lane.hookId, error }, "lease of a lane cannot be renewed");
          if (clock.monotonicMs() >= heldUntilMs) lost.abort();
        }
      }
    },
  };
}
