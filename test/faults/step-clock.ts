import { type Clock, systemClock } from "#lib/clock.ts";

/** The machine's clock, set forwards and back by a test. Durations are not touched, as on a real machine. */
export interface StepClock extends Clock {
  readonly step: (ms: number) => void;
}

/** A clock that says the truth until it is stepped. */
export function createStepClock(): StepClock {
  let offsetMs = 0;
  return {
    now: () => systemClock.now() + offsetMs,
    monotonicMs: systemClock.monotonicMs,
    step: (ms) => {
      offsetMs += ms;
    },
  };
}
