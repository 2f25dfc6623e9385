import { backoffMs, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";

/** When a breaker opens and how long it stays open. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly threshold: number;
  /** Wait before the first, second… probe. */
  readonly cooldown: BackoffOptions;
}

/**
 * `closed`: everything passes. `open`: nothing passes until the cooldown is over. `half-open`: one probe is on its way.
 *
 *     closed ──threshold failures──▶ open ──cooldown──▶ half-open ──success──▶ closed
 *                                     ▲                     │
 *                                     └──failure, longer────┘
 */
export type BreakerState = "closed" | "open" | "half-open";

/** What may be tried now. */
export type Admission =
  | { readonly kind: "pass" }
  | { readonly kind: "probe" }
  | { readonly kind: "wait"; readonly waitMs: number };

/** Keeps callers away from something that is down. Holds no timer and waits for nothing. */
export interface Breaker {
  readonly state: () => BreakerState;
  /** Asks to try once. After `probe` exactly one of the three reports below is due. */
  readonly admit: () => Admission;
  /** The other side answered: closes. */
  readonly succeeded: () => void;
  /** One more failure; reopens with a longer cooldown when it was the probe. */
  readonly failed: () => void;
  /** The probe ended without evidence: the next one may go at once. */
  readonly abandoned: () => void;
  /** Circumstances changed (a new connection): ends the cooldown. */
  readonly probeNow: () => void;
  /** Whether it holds nothing worth keeping. */
  readonly pristine: () => boolean;
}

/** A closed breaker. `random` answers in [0, 1) and is used for the jitter of the cooldown. */
export function createBreaker(options: BreakerOptions, clock: Clock, random: () => number = Math.random): Breaker {
  let state: BreakerState = "closed";
  let failures = 0;
  let trips = 0;
  let probeAtMs = 0;

  const open = (): void => {
    state = "open";
    trips += 1;
    probeAtMs = clock.monotonicMs() + backoffMs(options.cooldown, trips, random);
  };

  return {
    state: () => state,
    admit: () => {
      if (state === "closed") return { kind: "pass" };
      const waitMs = probeAtMs - clock.monotonicMs();
      if (state === "half-open") return { kind: "wait", waitMs: Math.max(1, waitMs) };
      if (waitMs > 0) return { kind: "wait", waitMs };
      state = "half-open";
      // Whoever asks meanwhile comes back when the answer of the probe is likely known.
      probeAtMs = clock.monotonicMs() + options.cooldown.baseMs;
      return { kind: "probe" };
    },
    succeeded: () => {
      state = "closed";
      failures = 0;
      trips = 0;
    },
    failed: () => {
      failures += 1;
      if (state === "half-open" || (state === "closed" && failures >= options.threshold)) open();
    },
    abandoned: () => {
      if (state !== "half-open") return;
      state = "open";
      probeAtMs = clock.monotonicMs();
    },
    probeNow: () => {
      if (state === "open") probeAtMs = Math.min(probeAtMs, clock.monotonicMs());
    },
    pristine: () => state === "closed" && failures === 0,
  };
}
