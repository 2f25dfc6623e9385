import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { RetentionPolicy, RetentionStore } from "#store/retention.ts";

/** What retention works with. */
export interface RetentionDeps {
  readonly retention: RetentionStore;
  /** Called after each step that removed something. */
  readonly pruned?: (removed: Readonly<Record<string, number>>) => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** What goes when, and how gently. */
export interface RetentionOptions {
  readonly policy: RetentionPolicy;
  /** Between two rounds, milliseconds. */
  readonly everyMs: number;
  /** Rows per kind and step. */
  readonly stepRows: number;
  /** Pause between two steps, in which others get the database. */
  readonly pauseMs: number;
}

/** Ten minutes between rounds, short steps. */
export const defaultRetentionPace: Omit<RetentionOptions, "policy"> = { everyMs: 600_000, stepRows: 500, pauseMs: 50 };

/** Removes what is old and finished, now and then every `everyMs`. Disposing ends it after the step in hand. */
export function startRetention(deps: RetentionDeps, options: RetentionOptions, signal: AbortSignal): AsyncDisposable {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);

  /** One round: steps until none is full any more. */
  const round = async (): Promise<void> => {
    while (!either.aborted) {
      const { policy, stepRows: limit } = options;
      const removed = await deps.retention.prune({ policy, limit, now: deps.clock.now() });
      const counts = Object.values(removed);
      if (counts.some((count) => count > 0)) {
        deps.pruned?.(removed);
        deps.log.info({ removed }, "old rows removed");
      }
      if (counts.every((count) => count < limit)) return;
      await deps.sleep(options.pauseMs, either);
    }
  };
  const run = async (): Promise<void> => {
    while (!either.aborted) {
      try {
        await round();
      } catch (error) {
        deps.log.warn({ error }, "old rows not removed");
      }
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
