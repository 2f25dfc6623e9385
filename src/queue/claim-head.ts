import type { ClaimedMessage } from "#store/queue.ts";
import type { Lane, LaneContext } from "./lane-context.ts";

/** Takes the head of the line of this instance, when it is due. Whoever enqueues from here on sets `lane.again`. */
export async function claimHead({ deps, options }: LaneContext, lane: Lane): Promise<ClaimedMessage | undefined> {
  lane.again = false;
  const { instanceId } = lane;
  const { owner, leaseMs } = options;
  return await deps.queue.claim({ instanceId, owner, leaseMs, now: deps.clock.now() });
}
