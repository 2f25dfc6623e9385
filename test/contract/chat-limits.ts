import { describe, expect, test } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import { addInstance, happening, sharedStore, t0, type StoreAdapter } from "./adapter.ts";

/** What every `ChatLimitsStore` keeps to, and the question that goes with it: who has written to us. */
export function chatLimitsContract(adapter: StoreAdapter): void {
  describe(`chat limits on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("come back as they were put, the newest only, and each instance has its own", async () => {
      const [instanceId, other] = [await addInstance(store()), await addInstance(store())];
      const lock = { until: t0 + 60_000, kind: "WEB_COMPANION_ONLY" };
      const quota = { total: 20, used: 20, endsAt: t0 + 90_000, status: "CAPPED" };
      expect(await store().chatLimits.get({ instanceId })).toBeUndefined();
      await store().chatLimits.put({ instanceId, limits: { lock }, events: [], now: t0 });
      await store().chatLimits.put({ instanceId, limits: { lock, quota }, events: [], now: t0 + 1 });
      expect(await store().chatLimits.get({ instanceId })).toEqual({ lock, quota });
      expect(await store().chatLimits.get({ instanceId: other })).toBeUndefined();
      await store().chatLimits.put({ instanceId, limits: {}, events: [], now: t0 + 2 });
      expect(await store().chatLimits.get({ instanceId })).toEqual({});
    });

    test("what tells of a change is stored with it or not at all, once, and for the hooks that want it", async () => {
      const hooks = { newChats: "https://x.test/new-chats", connected: "https://x.test/connected" };
      const instanceId = await addInstance(store(), hooks);
      const event = happening("lock", { kind: "newChats", type: "NewChatsCallback", slots: ["newChats"] });
      const limits = { lock: { kind: "BIZ_QUALITY" }, told: { kind: "BIZ_QUALITY" } };
      for (const now of [t0, t0 + 1]) await store().chatLimits.put({ instanceId, limits, events: [event], now });
      const stored = await store().events.list({ instanceId, limit: 9 });
      expect(stored).toMatchObject([{ type: "NewChatsCallback", sequence: 1 }]);
      const lanes = await store().deliveries.lanes({ instanceId });
      expect(lanes.map(({ url }) => url)).toEqual([hooks.newChats]);
      await store().instances.delete({ instanceId });
      const put = store().chatLimits.put({ instanceId, limits, events: [happening("late")], now: t0 });
      await expect(put).rejects.toMatchObject({ code: "instance_not_found" });
      expect(await store().events.list({ instanceId, limit: 9 })).toEqual([]);
    });

    test("go with their instance, and none comes after it is gone", async () => {
      const instanceId = await addInstance(store());
      await store().chatLimits.put({ instanceId, limits: {}, events: [], now: t0 });
      await store().instances.delete({ instanceId });
      expect(await store().chatLimits.get({ instanceId })).toBeUndefined();
      const put = store().chatLimits.put({ instanceId, limits: {}, events: [], now: t0 });
      await expect(put).rejects.toMatchObject({ code: "instance_not_found" });
      expect(await store().chatLimits.get({ instanceId: newInstanceId() })).toBeUndefined();
    });

    test("hasInbound: somebody else's message in any of the chat's names, never only our own", async () => {
      const instanceId = await addInstance(store());
      const put = (chatId: string, fromMe: boolean) =>
        store().messages.put({
          messages: [
            {
              instanceId,
              chatId,
              messageId: `${chatId} ${fromMe}`,
              fromMe,
              senderId: "1@s.whatsapp.net",
              at: t0,
              type: "text",
              proto: Buffer.from("x"),
            },
          ],
        });
      await put("1@s.whatsapp.net", true);
      await put("7@lid", true);
      const asked = (...chatIds: readonly string[]) => store().messages.hasInbound({ instanceId, chatIds });
      expect(await asked("1@s.whatsapp.net", "7@lid")).toBe(false);
      await put("7@lid", false);
      expect(await asked("1@s.whatsapp.net")).toBe(false);
      expect(await asked("1@s.whatsapp.net", "7@lid")).toBe(true);
      expect(await asked()).toBe(false);
    });
  });
}
