import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

const ttlMs = 10_000;

/** What every `LeaseStore` keeps to. */
export function leasesContract(adapter: StoreAdapter): void {
  describe(`leases on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const take = (name: string, owner: string, now: number, deadAfterMs?: number) =>
      store().leases.acquire({ name, owner, ttlMs, now, ...(deadAfterMs === undefined ? {} : { deadAfterMs }) });

    test("acquire: a free lease is taken until its time is over", async () => {
      const name = randomUUID();
      const lease = await take(name, "a", t0);
      expect(lease).toMatchObject({ name, owner: "a", expiresAt: t0 + ttlMs });
      expect(await store().leases.get({ name })).toEqual(lease);
    });

    test("acquire: undefined while somebody else holds it, to the last millisecond", async () => {
      const name = randomUUID();
      const held = await take(name, "a", t0);
      expect(await take(name, "b", t0)).toBeUndefined();
      expect(await take(name, "b", t0 + ttlMs - 1)).toBeUndefined();
      expect(await store().leases.get({ name })).toEqual(held);
      const taken = await take(name, "b", t0 + ttlMs);
      expect(taken?.owner).toBe("b");
      expect(taken!.fencingToken).toBeGreaterThan(held!.fencingToken);
    });

    test("acquire: the owner gets it again with the same token and a new time", async () => {
      const name = randomUUID();
      const first = await take(name, "a", t0);
      for (const now of [t0 + 5, t0 + ttlMs - 1, t0 + 3 * ttlMs]) {
        expect(await take(name, "a", now)).toEqual({ ...first, expiresAt: now + ttlMs });
      }
    });

    test("acquire: the token grows with every change of owner and never comes back", async () => {
      const name = randomUUID();
      const tokens: number[] = [];
      for (const turn of range(0, 5)) {
        const lease = (await take(name, turn % 2 === 0 ? "a" : "b", t0 + turn))!;
        tokens.push(lease.fencingToken);
        await store().leases.release({ lease });
      }
      expect(tokens).toEqual([...new Set(tokens)].sort((x, y) => x - y));
    });

    test("acquire: of many at once exactly one gets it", async () => {
      const name = randomUUID();
      const all = await Promise.all(range(1, 12).map((n) => take(name, `node ${n}`, t0)));
      expect(all.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    test("acquire: a node whose heartbeats stopped loses it early, one that lives does not", async () => {
      const [name, owner] = [randomUUID(), randomUUID()];
      const { leases } = store();
      await leases.heartbeat({ nodeId: owner, now: t0 });
      const held = await take(name, owner, t0);
      expect(await take(name, "b", t0 + 4_999, 5_000)).toBeUndefined();
      expect(await take(name, "b", t0 + 5_000)).toBeUndefined();
      await leases.heartbeat({ nodeId: owner, now: t0 + 4_000 });
      expect(await take(name, "b", t0 + 5_000, 5_000)).toBeUndefined();
      const taken = await take(name, "b", t0 + 9_000, 5_000);
      expect(taken!.fencingToken).toBeGreaterThan(held!.fencingToken);
      expect(await leases.renew({ lease: held!, ttlMs, now: t0 + 9_001 })).toBe(false);
    });

    test("renew: moves the end; false when it was lost, and then nothing moves", async () => {
      const name = randomUUID();
      const { leases } = store();
      const first = (await take(name, "a", t0))!;
      expect(await leases.renew({ lease: first, ttlMs, now: t0 + 5_000 })).toBe(true);
      expect(await take(name, "b", t0 + ttlMs)).toBeUndefined();
      const second = (await take(name, "b", t0 + 5_000 + ttlMs))!;
      expect(await leases.renew({ lease: first, ttlMs: 99 * ttlMs, now: t0 + 5_001 + ttlMs })).toBe(false);
      expect(await leases.get({ name })).toEqual(second);
    });

    test("renew: false after a release, even when the same owner took it again", async () => {
      const name = randomUUID();
      const { leases } = store();
      const first = (await take(name, "a", t0))!;
      await leases.release({ lease: first });
      expect(await leases.renew({ lease: first, ttlMs, now: t0 })).toBe(false);
      await take(name, "a", t0);
      expect(await leases.renew({ lease: first, ttlMs, now: t0 })).toBe(false);
    });

    test("release: free at once; of a lease that was lost it changes nothing", async () => {
      const name = randomUUID();
      const { leases } = store();
      const first = (await take(name, "a", t0))!;
      await leases.release({ lease: first });
      expect(await leases.get({ name })).toBeUndefined();
      const second = (await take(name, "b", t0 + 1))!;
      await leases.release({ lease: first });
      expect(await leases.get({ name })).toEqual(second);
      await leases.release({ lease: { ...second, fencingToken: second.fencingToken + 1 } });
      expect(await leases.get({ name })).toEqual(second);
    });

    test("list: the held ones whose name begins like this, signs meaning themselves", async () => {
      await using own = await adapter.open();
      for (const name of ["session/b", "session/a", "sessionXc", "role/x", "100%/a", "1000/a"]) {
        await own.leases.acquire({ name, owner: "a", ttlMs, now: t0 });
      }
      const gone = (await own.leases.acquire({ name: "session/gone", owner: "a", ttlMs, now: t0 }))!;
      await own.leases.release({ lease: gone });
      const names = async (prefix: string) => (await own.leases.list({ prefix })).map(({ name }) => name);
      expect(await names("session/")).toEqual(["session/a", "session/b"]);
      expect(await names("session_")).toEqual([]);
      expect(await names("100%")).toEqual(["100%/a"]);
      expect(await names("")).toHaveLength(6);
    });

    test("heartbeat, nodes, leave: who takes part and where", async () => {
      await using own = await adapter.open();
      expect(await own.leases.nodes()).toEqual([]);
      await own.leases.heartbeat({ nodeId: "a", address: "http://10.0.0.1:8080", now: t0 });
      await own.leases.heartbeat({ nodeId: "b", now: t0 });
      await own.leases.heartbeat({ nodeId: "a", address: "http://10.0.0.2:8080", now: t0 + 5 });
      await own.leases.leave({ nodeId: "nobody" });
      const nodes = [...(await own.leases.nodes())].sort((x, y) => x.nodeId.localeCompare(y.nodeId));
      expect(nodes).toEqual([
        { nodeId: "a", seenAt: t0 + 5, address: "http://10.0.0.2:8080" },
        { nodeId: "b", seenAt: t0 },
      ]);
      await own.leases.leave({ nodeId: "a" });
      expect((await own.leases.nodes()).map(({ nodeId }) => nodeId)).toEqual(["b"]);
    });
  });
}
