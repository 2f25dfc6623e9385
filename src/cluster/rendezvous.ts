import { createHash } from "node:crypto";

/**
 * The node that should drive an instance: the one with the highest hash of both names. When a node comes or goes only
 * its own share moves. Undefined without nodes.
 */
export function preferredNode(instanceId: string, nodeIds: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestWeight = "";
  for (const nodeId of nodeIds) {
    const weight = createHash("sha256").update(`${nodeId}\n${instanceId}`).digest("hex");
    // Equal weights do not happen; were they to, every node would still decide alike.
    if (weight > bestWeight || (weight === bestWeight && nodeId < (best ?? ""))) {
      best = nodeId;
      bestWeight = weight;
    }
  }
  return best;
}
