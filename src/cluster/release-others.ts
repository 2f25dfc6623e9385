import type { DeliveryStore } from "#store/deliveries.ts";
import type { LeaseStore } from "#store/leases.ts";

/**
 * Frees everything other processes hold: leases, lanes, queue claims and heartbeats. Only for a process that has just
 * become the only one on its store (the leader of a data directory), right before it starts sessions and workers.
 * Answers how many leases, lanes and claims it freed.
 */
export async function releaseOthers(
  deps: { readonly leases: LeaseStore; readonly deliveries: Pick<DeliveryStore, "releaseOthers"> },
  input: { readonly owner: string; readonly now: number },
): Promise<number> {
  const held = (await deps.leases.list({ prefix: "" })).filter((lease) => lease.owner !== input.owner);
  for (const lease of held) await deps.leases.release({ lease });
  for (const { nodeId } of await deps.leases.nodes()) {
    if (nodeId !== input.owner) await deps.leases.leave({ nodeId });
  }
  return held.length + (await deps.deliveries.releaseOthers(input));
}
