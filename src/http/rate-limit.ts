import type { Clock } from "#lib/clock.ts";

/** How fast one token may call. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** Calls that may come at once after a pause. */
  readonly burst: number;
  /** Tokens remembered; the one idle longest is forgotten first, and starts again with a full burst. */
  readonly maxTokens: number;
}

/** Counts calls per token. */
export interface RateLimit {
  /** 0 when the call may pass, else the seconds to wait (at least 1). */
  readonly take: (token: string) => number;
}

/** A token bucket per token, bounded in number. */
export function createRateLimit(clock: Clock, options: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { level: number; atMs: number }>();
  const refill = options.perSecond / 1000;
  return {
    take: (token) => {
      const atMs = clock.monotonicMs();
      const bucket = buckets.get(token);
      if (bucket === undefined) {
        if (buckets.size >= options.maxTokens) forgetOldest(buckets);
        buckets.set(token, { level: options.burst - 1, atMs });
        return 0;
      }
      // Reinsertion keeps the map in order of last use.
      buckets.delete(token);
      buckets.set(token, bucket);
      bucket.level = Math.min(options.burst, bucket.level + (atMs - bucket.atMs) * refill);
      bucket.atMs = atMs;
      if (bucket.level < 1) return Math.max(1, Math.ceil((1 - bucket.level) / options.perSecond));
      bucket.level -= 1;
      return 0;
    },
  };
}

function forgetOldest(buckets: Map<string, unknown>): void {
  const oldest = buckets.keys().next();
  if (oldest.done !== true) buckets.delete(oldest.value);
}
