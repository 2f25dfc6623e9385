import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { LeaseStore, NodeRow } from "#store/leases.ts";
import { preferredNode } from "./rendezvous.ts";

/** What placement works with. */
export interface PlacementDeps {
  readonly leases: Pick<LeaseStore, "nodes">;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** Who takes part, and when. Milliseconds. */
export interface PlacementOptions {
  readonly nodeId: string;
  readonly everyMs: number;
  /** Without a heartbeat for this long a node is dead, and its share goes to the others at once. */
  readonly deadAfterMs: number;
  /** A new node gets its share only after it has lived this long, so that one that restarts over and over moves nothing. */
  readonly settleMs: number;
}

/** Says which node should drive which instance; every node comes to the same answer by itself. */
export interface Placement extends AsyncDisposable {
  /** Whether this node should drive the instance. False until the nodes have been read once. */
  readonly owns: (instanceId: string) => boolean;
  /** Nodes that count now, in the order of their names. */
  readonly nodes: () => readonly string[];
}

/** Watches the heartbeats. The first look is taken at once; while the store cannot be read the last picture stays. */
export function startPlacement(deps: PlacementDeps, options: PlacementOptions, signal: AbortSignal): Placement {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const aliveSince = new Map<string, number>();
  let nodes: readonly string[] = [];

  const look = async (): Promise<void> => {
    const now = deps.clock.now();
    const first = nodes.length === 0;
    const alive = (await deps.leases.nodes()).filter((node) => isAlive(node, now));
    const present = new Set([options.nodeId, ...alive.map(({ nodeId }) => nodeId)]);
    for (const nodeId of aliveSince.keys()) if (!present.has(nodeId)) aliveSince.delete(nodeId);
    // Those who were there before us have settled already.
    for (const nodeId of present) {
      if (!aliveSince.has(nodeId)) aliveSince.set(nodeId, first ? now - options.settleMs : now);
    }
    const settled = [...aliveSince].filter(([, since]) => now - since >= options.settleMs);
    const next = settled.map(([nodeId]) => nodeId).sort();
    if (next.join("\n") !== nodes.join("\n")) deps.log.info({ nodes: next }, "nodes of the cluster");
    nodes = next;
  };
  const isAlive = (node: NodeRow, now: number): boolean => now - node.seenAt < options.deadAfterMs;
  const run = async (): Promise<void> => {
    while (!either.aborted) {
      try {
        await look();
      } catch (error) {
        deps.log.warn({ error }, "nodes not read");
      }
      await deps.sleep(options.everyMs, either);
    }
  };
  const running = run();

  return {
    owns: (instanceId) => preferredNode(instanceId, nodes) === options.nodeId,
    nodes: () => nodes,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
