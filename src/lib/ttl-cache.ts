import type { Clock } from "./clock.ts";

/** A map that forgets: what is old, and what was used least when it is full. */
export interface TtlCache<V> {
  /** Undefined when it is unknown or too old. */
  readonly get: (key: string) => { readonly value: V } | undefined;
  readonly set: (key: string, value: V, ttlMs: number) => void;
  readonly delete: (key: string) => void;
}

/** A cache of at most `maxEntries`; the entry used longest ago makes room. */
export function createTtlCache<V>(clock: Clock, maxEntries: number): TtlCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.until <= clock.monotonicMs()) return undefined;
      entries.set(key, entry);
      return entry;
    },
    set: (key, value, ttlMs) => {
      entries.delete(key);
      entries.set(key, { value, until: clock.monotonicMs() + ttlMs });
      if (entries.size <= maxEntries) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        return;
      }
    },
    delete: (key) => void entries.delete(key),
  };
}
