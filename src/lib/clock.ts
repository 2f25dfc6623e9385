/** Where the present moment comes from; tests inject their own. */
export interface Clock {
  /** Epoch milliseconds. May jump when the operator sets the clock. */
  readonly now: () => number;
  /** Milliseconds since an arbitrary start; never jumps. Use it for durations. */
  readonly monotonicMs: () => number;
}

/** The machine's clock: the only place in `src` that asks it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The latest moment that a date can name, epoch milliseconds. */
export const latestMs = 8.64e15;
