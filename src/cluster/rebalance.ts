import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { Placement } from "./placement.ts";

/** What moving sessions works with. */
export interface RebalanceDeps {
  readonly placement: Pick<Placement, "owns" | "nodes">;
  readonly sessions: {
    /** Instances whose session this process drives. */
    readonly owned: () => readonly string[];
    /** Closes the socket without a logout, keeps the pairing and gives the lease back, so that another node can connect. */
    readonly handOver: (instanceId: string) => Promise<void>;
  };
  /** Called after each session that moved. */
  readonly moved?: (instanceId: string) => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How gently. Milliseconds. */
export interface RebalanceOptions {
  readonly everyMs: number;
  /** A session moves only after it belonged elsewhere for this long. */
  readonly steadyMs: number;
  /** Between two sessions, so that never more than one customer at a time notices. */
  readonly pauseMs: number;
}

/** Hands sessions that belong to another node over, one by one. Disposing waits for the one in hand. */
export function startRebalance(deps: RebalanceDeps, options: RebalanceOptions, signal: AbortSignal): AsyncDisposable {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const foreignSince = new Map<string, number>();

  const round = async (): Promise<void> => {
    // Nobody is known yet, or we are alone: there is nobody to hand anything to.
    if (deps.placement.nodes().length < 2) return foreignSince.clear();
    const foreign = deps.sessions.owned().filter((instanceId) => !deps.placement.owns(instanceId));
    const now = deps.clock.now();
    for (const instanceId of foreignSince.keys()) if (!foreign.includes(instanceId)) foreignSince.delete(instanceId);
    for (const instanceId of foreign) if (!foreignSince.has(instanceId)) foreignSince.set(instanceId, now);
    for (const [instanceId, since] of foreignSince) {
      if (now - since < options.steadyMs || either.aborted) continue;
      await move(instanceId);
      foreignSince.delete(instanceId);
      await deps.sleep(options.pauseMs, either);
    }
  };
  const move = async (instanceId: string): Promise<void> => {
    try {
      await deps.sessions.handOver(instanceId);
      deps.log.info({ instanceId }, "session handed over");
      deps.moved?.(instanceId);
    } catch (error) {
      deps.log.warn({ instanceId, error }, "session not handed over");
    }
  };
  const run = async (): Promise<void> => {
    while (!either.aborted) {
      await round();
      await deps.sleep(options.everyMs, either);
    }
  };
  const running = run();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
