import { sleep } from "#lib/sleep.ts";
import type { DeliveryStore, Lane } from "#store/deliveries.ts";
import { type LaneDeps, type LaneWorker, startLaneWorker } from "./lane-worker.ts";
import type { DispatchOptions } from "./options.ts";

/** What dispatching works with. */
export interface DispatchDeps extends Omit<LaneDeps, "deliveries" | "sleep" | "random"> {
  readonly deliveries: LaneDeps["deliveries"] & Pick<DeliveryStore, "claimLanes" | "nextDueAt">;
  /** Waits; a test brings its own. */
  readonly sleep?: typeof sleep;
  readonly random?: () => number;
}

/** What dispatching is doing. */
export interface DispatchStats {
  /** Lanes claimed by this process. */
  readonly lanes: number;
  /** Deliveries in memory, over all lanes. */
  readonly held: number;
}

/** The stage that brings rows to their endpoints. */
export interface Dispatch extends AsyncDisposable {
  /** Something was stored, here or elsewhere; of one instance when it is named. */
  readonly wake: (instanceId?: string) => void;
  readonly stats: () => DispatchStats;
}

const lookAheadEveryMs = 60_000;

/**
 * Claims lanes with work and delivers them, one worker a lane. Disposing it takes nothing new and waits for the POSTs
 * in flight; when `signal` aborts they are cut off. A lane of a process that died is claimed again when its lease ends.
 */
export function startDispatch(deps: DispatchDeps, options: DispatchOptions, signal: AbortSignal): Dispatch {
  const draining = new AbortController();
  const stop = AbortSignal.any([draining.signal, signal]);
  const { clock } = deps;
  const longestWaitMs = 2 * Math.max(options.maxRetryAfterMs, options.retry.maxMs);
  const laneDeps: LaneDeps = { ...deps, sleep: deps.sleep ?? sleep, random: deps.random ?? Math.random };
  const workers = new Map<string, { readonly worker: LaneWorker; readonly lane: Lane }>();
  let wanted = true;
  let nudge = Promise.withResolvers<void>();

  const scanAgain = (): void => {
    wanted = true;
    nudge.resolve();
  };
  const open = (lane: Lane): void => {
    const key = `${lane.instanceId}/${lane.hookId}`;
    const worker = startLaneWorker(laneDeps, { lane, options }, { drain: draining.signal, abort: signal });
    workers.set(key, { worker, lane });
    void worker.done.then(() => {
      if (workers.get(key)?.worker === worker) workers.delete(key);
      // Rows that came between the last look and the release were not claimable then.
      if (!stop.aborted) scanAgain();
    });
  };
  let scannedAt = clock.now();
  // The latest moment the clock has named: what was due once stays due when it is set back.
  let dueBy = scannedAt;
  const scan = async (): Promise<void> => {
    const { owner, leaseMs } = options;
    const now = clock.now();
    dueBy = Math.max(dueBy, now);
    // The clock may have been set forwards: then our own leases look as if they had run out.
    if (now - scannedAt > leaseMs / 2) await Promise.all([...workers.values()].map(({ worker }) => worker.renew()));
    scannedAt = now;
    const limit = Math.min(100, options.maxLanes - workers.size);
    if (limit <= 0) return;
    const lanes = await deps.deliveries.claimLanes({ owner, limit, leaseMs, dueBy, now });
    for (const lane of lanes) open(lane);
    if (lanes.length === limit) wanted = true;
    if (lanes.length === 0) await lookAhead(now);
  };
  let lookedMs = Number.NEGATIVE_INFINITY;
  /** Rows of a former process, from before the clock was set back, may name times that no wait leads to. */
  const lookAhead = async (now: number): Promise<void> => {
    if (clock.monotonicMs() - lookedMs < lookAheadEveryMs) return;
    lookedMs = clock.monotonicMs();
    const dueAt = await deps.deliveries.nextDueAt({ now });
    if (dueAt === undefined || dueAt - now <= longestWaitMs || dueAt <= dueBy) return;
    dueBy = dueAt;
    wanted = true;
  };
  const loop = async (): Promise<void> => {
    while (!stop.aborted) {
      if (!wanted) {
        nudge = Promise.withResolvers<void>();
        const cancel = new AbortController();
        const timer = laneDeps.sleep(options.pollMs, AbortSignal.any([stop, cancel.signal]));
        await Promise.race([nudge.promise, timer]);
        cancel.abort("nudged");
      }
      wanted = false;
      try {
        await scan();
      } catch (error) {
        deps.log.error({ error }, "lanes cannot be claimed");
        await laneDeps.sleep(options.pollMs, stop);
      }
    }
  };
  const running = loop();

  return {
    wake: (instanceId) => {
      for (const { worker, lane } of workers.values()) {
        if (instanceId === undefined || lane.instanceId === instanceId) worker.wake();
      }
      scanAgain();
    },
    stats: () => ({
      lanes: workers.size,
      held: [...workers.values()].reduce((sum, { worker }) => sum + worker.held(), 0),
    }),
    [Symbol.asyncDispose]: async () => {
      draining.abort();
      await running;
      await Promise.all([...workers.values()].map(({ worker }) => worker.done));
    },
  };
}
