import type { Clock } from "#lib/clock.ts";

/**
 * A map that forgets the least recently used entry once it holds `limit` of them, and any entry older than `ttlMs`
 * when it is asked for it. No timers.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, { readonly value: V; readonly until: number }>();
  readonly #limit: number;
  readonly #ttlMs: number;
  readonly #clock: Clock | undefined;

  constructor(options: { readonly limit: number; readonly ttlMs?: number; readonly clock?: Clock }) {
    this.#limit = options.limit;
    this.#ttlMs = options.ttlMs ?? Infinity;
    this.#clock = options.clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#now() + this.#ttlMs });
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #now(): number {
    return this.#clock?.monotonicMs() ?? 0;
  }
}
