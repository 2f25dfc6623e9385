import type { DeliveryStore } from "#store/deliveries.ts";
import type { LeaseStore } from "#store/leases.ts";

/**
 * Frees what other processes hold: leases, lanes, queue claims and heartbeats. Without `dead` everything: only for a
 * process that has just become the only one on its store (the leader of a data directory), right before it starts
 * sessions and workers. With `dead` what that one held, of which it is known that it is gone. Answers how many leases,
 * lanes and claims it freed.
 */
export async function releaseOthers(
  deps: { readonly leases: LeaseStore; readonly deliveries: Pick<DeliveryStore, "releaseOthers"> },
  input: { readonly owner: string; readonly dead?: string; readonly now: number },
): Promise<number> {
  const isGone = (owner: string): boolean =>
    owner !== input.owner && (input.dead === undefined || owner === input.dead);
  const held = (await deps.leases.list({ prefix: "" })).filter(({ owner }) => isGone(owner));
  for (const lease of held) await deps.leases.release({ lease });
  for (const { nodeId } of await deps.leases.nodes()) {
    if (isGone(nodeId)) await deps.leases.leave({ nodeId });
  }
  return held.length + (await deps.deliveries.releaseOthers(input));
}
