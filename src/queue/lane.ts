import type { ClaimedMessage } from "#store/queue.ts";
import { attemptMessage } from "./attempt.ts";
import { claimHead } from "./claim-head.ts";
import type { QueueDeps } from "./deps.ts";
import type { Lane, LaneContext } from "./lane-context.ts";

/** Why a lane came to its end. */
export type LaneEnd =
  /** Nothing to send now. */
  | { readonly kind: "idle" }
  /** The instance is not connected. */
  | { readonly kind: "closed" }
  /** The connection or the probe of a breaker is tried again then (monotonic milliseconds). */
  | { readonly kind: "later"; readonly atMs: number }
  /** Nothing to send before something set aside is due, then (monotonic milliseconds). */
  | { readonly kind: "aside"; readonly atMs: number }
  | { readonly kind: "draining" };

/** What is due later is brought back by the schedule alone. */
const maxAheadMs = 600_000;

/**
 * Sends the messages of one instance in their order, one at a time, until nothing can be done now. What is set aside comes
 * back by the schedule.
 */
export async function runLane(context: LaneContext, lane: Lane): Promise<LaneEnd> {
  const { breaker } = lane.memory;
  let next: ClaimedMessage | undefined;
  for (;;) {
    const admission = admit(context, lane);
    if (admission.end !== undefined) {
      if (next !== undefined) await giveBack(context.deps, next);
      return admission.end;
    }
    const claim = next ?? (await claimHead(context, lane));
    if (claim === undefined) {
      breaker.abandoned();
      const { asideDueMs } = lane.memory;
      const aheadMs = asideDueMs - context.deps.clock.monotonicMs();
      return aheadMs > 0 && aheadMs < maxAheadMs ? { kind: "aside", atMs: asideDueMs } : { kind: "idle" };
    }
    next = await attemptMessage(context, { lane, claim, probe: admission.probe });
  }
}

/** Whether a message may be tried now, as the probe of an open breaker or not; else why the lane ends. */
function admit(
  context: LaneContext,
  lane: Lane,
): { readonly end: LaneEnd } | { readonly end?: undefined; readonly probe: boolean } {
  const { deps, draining } = context;
  if (draining.aborted) return { end: { kind: "draining" } };
  if (!deps.sender.isOpen(lane.instanceId)) return { end: { kind: "closed" } };
  const { breaker, pausedUntilMs } = lane.memory;
  if (pausedUntilMs > deps.clock.monotonicMs()) return { end: { kind: "later", atMs: pausedUntilMs } };
  const admission = breaker.admit();
  if (admission.kind !== "wait") return { probe: admission.kind === "probe" };
  return { end: { kind: "later", atMs: deps.clock.monotonicMs() + Math.ceil(admission.waitMs) } };
}

/** A message claimed ahead that will not be tried now. */
async function giveBack(deps: QueueDeps, claim: ClaimedMessage): Promise<void> {
  const now = deps.clock.now();
  await deps.queue.retry({ claim, attempts: claim.attempts, dueAt: Math.min(claim.dueAt, now), now });
}
