import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "#lib/clock.ts";

/** A clock and a `sleep` that only move when a test says so. */
export interface FakeTime {
  readonly clock: Clock;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Moves time forward; whoever's wait is over wakes, in order. */
  readonly advance: (ms: number) => void;
  /**
   * Waits until `condition` holds. Real work (sockets, disk) gets its turns; when nothing moves for a while, time jumps
   * to the next wake-up, so that backoffs cost nothing. Throws after `realMs` milliseconds of real time.
   */
  readonly until: (condition: () => boolean | Promise<boolean>, realMs?: number) => Promise<void>;
  /** Lets real work happen without moving time. */
  readonly settle: (turns?: number) => Promise<void>;
  /** Waits asked for so far, milliseconds, in order. */
  readonly waits: readonly number[];
}

/** A fake time that starts at a fixed moment. */
export function createFakeTime(start = 1_700_000_000_000): FakeTime {
  let now = start;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const waits: number[] = [];
  const advance = (ms: number): void => {
    now += ms;
    const due = [...sleepers].filter((sleeper) => sleeper.at <= now).sort((a, b) => a.at - b.at);
    for (const sleeper of due) sleeper.wake();
  };
  const settle = async (turns = 20): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
  };
  return {
    clock: { now: () => now, monotonicMs: () => now },
    waits,
    advance,
    settle,
    sleep: async (ms, signal) => {
      if (ms <= 0 || signal.aborted) return;
      waits.push(ms);
      const { promise, resolve } = Promise.withResolvers<void>();
      const sleeper = { at: now + ms, wake: resolve };
      sleepers.add(sleeper);
      const abort = (): void => resolve();
      signal.addEventListener("abort", abort, { once: true });
      await promise;
      signal.removeEventListener("abort", abort);
      sleepers.delete(sleeper);
    },
    until: async (condition, realMs = 30_000) => {
      const giveUpAt = performance.now() + realMs;
      while (!(await condition())) {
        if (performance.now() > giveUpAt) throw new Error("the condition never held");
        await settle(30);
        if (await condition()) return;
        const next = Math.min(...[...sleepers].map((sleeper) => sleeper.at));
        if (Number.isFinite(next)) advance(Math.max(1, Math.min(next - now, 1_000)));
      }
    },
  };
}
