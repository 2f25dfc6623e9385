import type { BackoffOptions } from "#lib/backoff.ts";

/** How deliveries are claimed, retried and given up. All durations in milliseconds. */
export interface DispatchOptions {
  /** Names this process on its claims. */
  readonly owner: string;
  /** Life of a lane's lease; renewed after a third of it. */
  readonly leaseMs: number;
  /** Safety net: how often the rows are looked at even when nobody woke us. */
  readonly pollMs: number;
  /** How long an empty lane stays claimed, so that the next event needs no claim. */
  readonly idleMs: number;
  /** Lanes worked on at the same time; further ones wait in the store. */
  readonly maxLanes: number;
  /** Deliveries of one lane held in memory; the rest waits in the store. */
  readonly lookahead: number;
  /** POSTs of one lane at the same time, where the order is per chat. */
  readonly chatsInParallel: number;
  /** How long outcomes gather before they are written together. */
  readonly gatherMs: number;
  /** Outcomes of one lane not written yet; at this many the lane waits for the store. */
  readonly maxUnsettled: number;
  /** Waits between the tries of an event that is answered with a refusal. */
  readonly retry: BackoffOptions;
  /** Retries after the first try; then the event is set aside and compared with the next. */
  readonly maxRetries: number;
  /** Events behind a refused one that are tried before the refusals are an outage. */
  readonly compared: number;
  /** Longest wait a `Retry-After` can ask for. */
  readonly maxRetryAfterMs: number;
  /** Waits before the probes of a breaker that is open. */
  readonly probe: BackoffOptions;
}

/** Defaults: retries after 1, 2, 4, 8 and 16 s; probes of a dead endpoint after half a second up to 15 s. */
export const defaultDispatchOptions: Omit<DispatchOptions, "owner"> = {
  leaseMs: 30_000,
  pollMs: 1_000,
  idleMs: 5_000,
  maxLanes: 1_000,
  lookahead: 200,
  chatsInParallel: 8,
  gatherMs: 10,
  maxUnsettled: 100,
  retry: { baseMs: 1_000, maxMs: 16_000, jitter: "equal" },
  maxRetries: 5,
  compared: 3,
  maxRetryAfterMs: 300_000,
  probe: { baseMs: 500, maxMs: 12_500, jitter: "equal" },
};
