import { describe, expect, it } from "vitest";
import { boundedCache } from "#whatsapp/bounded-cache.ts";
import { BoundedMap } from "#whatsapp/bounded-map.ts";
import { handClock } from "./support.ts";

describe("bounded map", () => {
  it("forgets the least recently used entry once it is full", () => {
    const map = new BoundedMap<string, number>({ limit: 2 });
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.set("c", 3);
    expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it("forgets what is older than its time", () => {
    const clock = handClock();
    const map = new BoundedMap<string, number>({ limit: 9, ttlMs: 100, clock });
    map.set("a", 1);
    clock.advance(99);
    expect(map.get("a")).toBe(1);
    clock.advance(1);
    expect([map.get("a"), map.size]).toEqual([undefined, 0]);
  });

  it("as a cache of Baileys: sets, gets, deletes, flushes", async () => {
    const cache = boundedCache(handClock(), { limit: 2, ttlMs: 100 });
    await cache.set("a", 1);
    await cache.set("b", 2);
    await cache.del("a");
    expect([await cache.get("a"), await cache.get("b")]).toEqual([undefined, 2]);
    await cache.flushAll();
    expect(await cache.get("b")).toBeUndefined();
  });
});
