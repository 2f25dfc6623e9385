import { type BackoffOptions, backoffMs } from "#lib/backoff.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { BreakerRow, DeliveryStore, Lane, Settlement } from "#store/deliveries.ts";

/** What writing outcomes works with. */
export interface SettlerDeps {
  readonly deliveries: Pick<DeliveryStore, "settle">;
  readonly clock: Clock;
  readonly log: Log;
  readonly sleep: typeof sleep;
  /** The lane belongs to somebody else by now. */
  readonly lost: () => void;
}

/**
 * Writes outcomes of one lane while the next POSTs are on their way: one write at a time, each with all that gathered
 * for a few milliseconds. What a crash takes from here is delivered again, under the same id.
 */
export interface Settler {
  /** Takes an outcome; a promise says that too many wait to be written, and resolves when they are. */
  readonly add: (settlements: readonly Settlement[], breaker?: BreakerRow) => Promise<void> | undefined;
  /** Resolves when everything taken so far is written, or never will be. */
  readonly flush: () => Promise<void>;
}

const retry: BackoffOptions = { baseMs: 50, maxMs: 5_000, jitter: "equal" };

/** A settler of one lane. What it holds when `signal` aborts is not written: those events are delivered again. */
export function createSettler(
  deps: SettlerDeps,
  input: { readonly lane: Lane; readonly maxUnsettled: number; readonly gatherMs: number },
  signal: AbortSignal,
): Settler {
  let waiting: Settlement[] = [];
  let breaker: BreakerRow | undefined;
  let running: Promise<void> | undefined;
  let hurry = new AbortController();
  let draining = false;
  const lane = { lost: false };

  const write = async (settlements: readonly Settlement[], row: BreakerRow | undefined): Promise<void> => {
    for (let failures = 1; !lane.lost && !signal.aborted; failures += 1) {
      try {
        const kept = await deps.deliveries.settle({
          lane: input.lane,
          settlements,
          ...(row === undefined ? {} : { breaker: row }),
          now: deps.clock.now(),
        });
        if (!kept) {
          lane.lost = true;
          deps.lost();
        }
        return;
      } catch (error) {
        deps.log.error({ hookId: input.lane.hookId, failures, error }, "outcomes cannot be written; trying again");
        await deps.sleep(backoffMs(retry, failures), signal);
      }
    }
  };
  const run = async (): Promise<void> => {
    while ((waiting.length > 0 || breaker !== undefined) && !lane.lost && !signal.aborted) {
      if (!draining) await deps.sleep(input.gatherMs, AbortSignal.any([hurry.signal, signal]));
      hurry = new AbortController();
      const [settlements, row] = [waiting, breaker];
      waiting = [];
      breaker = undefined;
      await write(settlements, row);
    }
    running = undefined;
  };

  return {
    add: (settlements, row) => {
      waiting.push(...settlements);
      breaker = row ?? breaker;
      running ??= run();
      if (waiting.length < input.maxUnsettled) return undefined;
      hurry.abort();
      return running;
    },
    flush: async () => {
      draining = true;
      hurry.abort();
      for (let current = running; current !== undefined; current = running) await current;
      draining = false;
    },
  };
}
