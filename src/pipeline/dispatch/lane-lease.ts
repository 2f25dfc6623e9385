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

/** Extends the lease until the signal aborts; aborts `lost` when somebody else has the lane. */
export async function keepLease(
  deps: LeaseDeps,
  input: { readonly lane: Lane; readonly leaseMs: number; readonly lost: AbortController },
  signal: AbortSignal,
): Promise<void> {
  const { lane, leaseMs, lost } = input;
  let leaseUntil = lane.leaseUntil;
  while (!signal.aborted) {
    await deps.sleep(leaseMs / 3, signal);
    if (signal.aborted) return;
    const now = deps.clock.now();
    try {
      if (!(await deps.deliveries.renewLane({ lane, leaseMs, now }))) lost.abort();
      leaseUntil = now + leaseMs;
    } catch (error) {
      deps.log.warn({ hookId: lane.hookId, error }, "lease of a lane cannot be renewed");
      if (deps.clock.now() >= leaseUntil) lost.abort();
    }
  }
}
