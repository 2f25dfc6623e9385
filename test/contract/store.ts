import { describe, expect, test } from "vitest";
import { addInstance, happening, newInstance, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

/** What every `Store` keeps to as a whole. */
export function wholeStoreContract(adapter: StoreAdapter): void {
  describe(`store on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("check: passes while it can be written, again and again and beside other writes", async () => {
      const instanceId = await addInstance(store());
      await Promise.all([
        store().check(),
        store().events.persist({ instanceId, events: [happening(1)], now: t0 }),
        store().check(),
      ]);
      await store().check();
      expect(await store().events.list({ instanceId, limit: 10 })).toHaveLength(1);
    });

    test("a failed write leaves those beside it alone", async () => {
      const taken = newInstance();
      await store().instances.create({ instance: taken });
      const fresh = [newInstance(), newInstance(), newInstance()];
      const writes = [fresh[0]!, taken, fresh[1]!, taken, fresh[2]!].map((instance) =>
        store().instances.create({ instance }),
      );
      const outcomes = await Promise.allSettled(writes);
      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      for (const instance of fresh) expect(await store().instances.get({ instanceId: instance.id })).toEqual(instance);
    });

    test("what was answered is seen by whoever reads next", async () => {
      const instance = newInstance();
      await store().instances.create({ instance });
      const reads = await Promise.all([
        store().instances.get({ instanceId: instance.id }),
        store().instances.byName({ name: instance.name }),
      ]);
      expect(reads).toEqual([instance, instance]);
    });

    test("two stores know nothing of each other", async () => {
      await using other = await adapter.open();
      const instanceId = await addInstance(store());
      expect(await other.instances.get({ instanceId })).toBeUndefined();
      expect((await other.instances.list({ offset: 0, limit: 10 })).total).toBe(0);
    });
  });
}
