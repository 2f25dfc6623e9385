import type { CacheStore } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "./bounded-map.ts";

/**
 * A cache in the shape Baileys asks for. Its own default keeps an unbounded cache with a timer per socket; this one
 * holds `limit` entries and forgets the least recently used.
 */
export function boundedCache(clock: Clock, options: { readonly limit: number; readonly ttlMs: number }): CacheStore {
  const entries = new BoundedMap<string, unknown>({ ...options, clock });
  return {
    // Baileys types each read by its caller; the cache only keeps what that caller put in.
    get: (key) => entries.get(key) as never,
    set: (key, value) => entries.set(key, value),
    del: (key) => entries.delete(key),
    flushAll: () => entries.clear(),
  };
}
