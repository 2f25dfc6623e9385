import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "#lib/clock.ts";

/** How late timers of this process are. */
export interface EventLoopLag extends Disposable {
  /** 99th percentile of the last half minute or so, milliseconds. */
  readonly p99Ms: () => number;
}

/** What counts the delays, in nanoseconds; a part of Node's own. */
type DelayHistogram = Pick<ReturnType<typeof monitorEventLoopDelay>, "enable" | "disable" | "reset" | "percentile">;

const resolutionMs = 20;
/** Length of one window; what is told covers the present one and the one before. */
const windowMs = 15_000;

/** Starts measuring. Whoever starts it disposes it. */
export function startEventLoopLag(
  clock: Clock,
  histogram: DelayHistogram = monitorEventLoopDelay({ resolution: resolutionMs }),
): EventLoopLag {
  histogram.enable();
  let startedAtMs = clock.monotonicMs();
  let before = 0;
  // Every sample contains the wait that was asked for. Without a sample it is NaN.
  const present = (): number => Math.max(0, (histogram.percentile(99) || 0) / 1e6 - resolutionMs);
  return {
    p99Ms: () => {
      const current = present();
      const told = Math.max(before, current);
      if (clock.monotonicMs() - startedAtMs >= windowMs) {
        before = current;
        startedAtMs = clock.monotonicMs();
        histogram.reset();
      }
      return told;
    },
    [Symbol.dispose]: () => void histogram.disable(),
  };
}
