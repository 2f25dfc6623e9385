import { describe, expect, test } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import type { Connection } from "#domain/instance.ts";
import { addInstance, codeOf, happening, newInstance, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

/** What every `InstanceStore` keeps to; `hooksContract` has the rest. */
export function instancesContract(adapter: StoreAdapter): void {
  describe(`instances on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("create: the instance comes back as it was given", async () => {
      const instance = newInstance({
        settings: { ...newInstance().settings, callRejectAuto: true, callRejectMessage: "não, obrigado 📵" },
        hooks: { received: "https://example.com/a?b=c", delivery: "https://example.com/d" },
        subscription: { state: "trial", dueAt: t0 + 5 },
        webhookSecrets: ["whsec_new", "whsec_old"],
        connection: {
          state: "connected",
          reason: "paired",
          statusCode: 515,
          at: t0,
          phone: "5511900000001",
          lid: "99",
          pushName: "Zé",
          lastSeenAt: t0 + 1,
        },
        createdAt: t0 + 2,
        updatedAt: t0 + 3,
      });
      await store().instances.create({ instance });
      expect(await store().instances.get({ instanceId: instance.id })).toEqual(instance);
      expect(await store().instances.byName({ name: instance.name })).toEqual(instance);
    });

    test("get, byName: what is unknown is undefined", async () => {
      expect(await store().instances.get({ instanceId: newInstanceId() })).toBeUndefined();
      expect(await store().instances.byName({ name: "nobody" })).toBeUndefined();
    });

    test.each(["id", "name"] as const)("create: a taken %s is a conflict and stores nothing", async (field) => {
      const first = newInstance();
      await store().instances.create({ instance: first });
      const second = newInstance({ [field]: first[field] });
      expect(await codeOf(store().instances.create({ instance: second }))).toBe("conflict");
      expect(await store().instances.get({ instanceId: first.id })).toEqual(first);
      if (field === "name") expect(await store().instances.get({ instanceId: second.id })).toBeUndefined();
      else expect(await store().instances.byName({ name: second.name })).toBeUndefined();
    });

    test("create: of two at once with one name only one is taken", async () => {
      const [first, second] = [newInstance(), newInstance()];
      const codes = await Promise.all(
        [first, { ...second, name: first.name }].map((instance) => codeOf(store().instances.create({ instance }))),
      );
      expect(codes.sort()).toEqual(["conflict", undefined]);
    });

    test("list: in order of creation, page by page, with the total", async () => {
      await using own = await adapter.open();
      const all = range(1, 7).map((n) => newInstance({ name: `n${9 - n}`, createdAt: t0 - n }));
      for (const instance of all) await own.instances.create({ instance });
      const page = await own.instances.list({ offset: 2, limit: 3 });
      expect(page.instances).toEqual(all.slice(2, 5));
      expect(page.total).toBe(7);
      expect(await own.instances.list({ offset: 7, limit: 3 })).toEqual({ instances: [], total: 7 });
    });

    test.each([
      ["shop", ["The SHOP", "shopping"]],
      ["SHOP", ["The SHOP", "shopping"]],
      ["ção", ["ATENÇÃO"]],
      ["100%", ["100% off"]],
      ["_", ["under_score"]],
      ["\\", ["back\\slash"]],
      ["nothing like it", []],
    ])("list: %j matches a part of the name in either case, and its signs mean themselves", async (query, names) => {
      await using own = await adapter.open();
      for (const name of ["The SHOP", "shopping", "ATENÇÃO", "100% off", "1000 off", "under_score", "back\\slash"]) {
        await own.instances.create({ instance: newInstance({ name }) });
      }
      const found = await own.instances.list({ offset: 0, limit: 10, query });
      expect(found.instances.map(({ name }) => name)).toEqual(names);
      expect(found.total).toBe(names.length);
      const none = await own.instances.list({ offset: names.length, limit: 10, query });
      expect(none).toEqual({ instances: [], total: names.length });
    });

    test("update: what is named changes, settings key by key, and nothing else", async () => {
      const before = newInstance({ webhookSecrets: ["whsec_a"], hooks: { received: "https://example.com/" } });
      await store().instances.create({ instance: before });
      const answer = await store().instances.update({
        instanceId: before.id,
        name: `${before.name}!`,
        settings: { autoReadMessage: true },
        subscription: { state: "canceled" },
        webhookSecrets: ["whsec_b", "whsec_a"],
        now: t0 + 9,
      });
      const after = {
        ...before,
        name: `${before.name}!`,
        settings: { ...before.settings, autoReadMessage: true },
        subscription: { state: "canceled" as const },
        webhookSecrets: ["whsec_b", "whsec_a"],
        updatedAt: t0 + 9,
      };
      expect(answer).toEqual(after);
      expect(await store().instances.get({ instanceId: before.id })).toEqual(after);
    });

    test("update: changes at the same time are all kept", async () => {
      const instanceId = await addInstance(store());
      const settings = [
        { autoReadMessage: true },
        { autoReadStatus: true },
        { isDevice: true },
        { notifySentByMe: true },
      ];
      await Promise.all(settings.map((each) => store().instances.update({ instanceId, settings: each, now: t0 })));
      const after = await store().instances.get({ instanceId });
      expect(after?.settings).toMatchObject(Object.assign({}, ...settings));
    });

    test("update: a name that somebody else has is a conflict", async () => {
      const [first, second] = [newInstance(), newInstance()];
      for (const instance of [first, second]) await store().instances.create({ instance });
      const renaming = store().instances.update({ instanceId: second.id, name: first.name, now: t0 });
      expect(await codeOf(renaming)).toBe("conflict");
      expect(await store().instances.get({ instanceId: second.id })).toEqual(second);
    });

    test("update, setHooks: an unknown instance is not found", async () => {
      const instanceId = newInstanceId();
      expect(await codeOf(store().instances.update({ instanceId, name: "x", now: t0 }))).toBe("instance_not_found");
      expect(await codeOf(store().instances.setHooks({ instanceId, hooks: {}, now: t0 }))).toBe("instance_not_found");
    });

    test("recordConnection: history has one row per change of state or reason, newest first", async () => {
      const instanceId = await addInstance(store());
      const states: readonly Connection[] = [
        { state: "connecting", at: t0 + 1 },
        { state: "connected", at: t0 + 2, phone: "5511900000001" },
        // The same standing with later evidence.
        { state: "connected", at: t0 + 2, phone: "5511900000001", lastSeenAt: t0 + 3 },
        { state: "disconnected", reason: "connection_lost", statusCode: 408, at: t0 + 4 },
        { state: "disconnected", reason: "stopped", at: t0 + 5 },
      ];
      for (const connection of states) await store().instances.recordConnection({ instanceId, connection });
      const kept = [states[4], states[3], states[1], states[0]];
      expect(await store().instances.connectionHistory({ instanceId, limit: 10 })).toEqual(kept);
      expect(await store().instances.connectionHistory({ instanceId, limit: 2 })).toEqual(kept.slice(0, 2));
      expect((await store().instances.get({ instanceId }))?.connection).toEqual(states[4]);
    });

    test("recordConnection: evidence without a change is stored all the same", async () => {
      const instanceId = await addInstance(store());
      const connection: Connection = { state: "connected", at: t0, phone: "1", lastSeenAt: t0 + 7 };
      await store().instances.recordConnection({ instanceId, connection: { state: "connected", at: t0, phone: "1" } });
      await store().instances.recordConnection({ instanceId, connection });
      expect((await store().instances.get({ instanceId }))?.connection).toEqual(connection);
    });

    test("touchConnection: moves the evidence and nothing else", async () => {
      const connection: Connection = { state: "connected", reason: "paired", at: t0, phone: "5511900000001" };
      const before = newInstance({ connection });
      await store().instances.create({ instance: before });
      await store().instances.touchConnection({ instanceId: before.id, lastSeenAt: t0 + 60_000 });
      expect(await store().instances.get({ instanceId: before.id })).toEqual({
        ...before,
        connection: { ...connection, lastSeenAt: t0 + 60_000 },
      });
      expect(await store().instances.connectionHistory({ instanceId: before.id, limit: 10 })).toEqual([]);
    });

    test("recordConnection, touchConnection: a removed instance is left alone", async () => {
      const instanceId = await addInstance(store());
      await store().instances.delete({ instanceId });
      await store().instances.recordConnection({ instanceId, connection: { state: "connected", at: t0 } });
      await store().instances.touchConnection({ instanceId, lastSeenAt: t0 });
      expect(await store().instances.get({ instanceId })).toBeUndefined();
      expect(await store().instances.connectionHistory({ instanceId, limit: 10 })).toEqual([]);
    });

    test("delete: false for an unknown instance, and only once true", async () => {
      expect(await store().instances.delete({ instanceId: newInstanceId() })).toBe(false);
      const instanceId = await addInstance(store());
      expect(await store().instances.delete({ instanceId })).toBe(true);
      expect(await store().instances.delete({ instanceId })).toBe(false);
      expect((await store().instances.list({ offset: 0, limit: 100 })).instances.map(({ id }) => id)).not.toContain(
        instanceId,
      );
    });

    test("delete: everything of the instance goes, nothing of another", async () => {
      const url = "https://example.com/hook";
      const filled = async (): Promise<string> => {
        const instanceId = await addInstance(store(), { received: url });
        await store().authState.fence({ instanceId, token: 1 });
        await store().authState.commit({
          instanceId,
          token: 1,
          creds: "creds",
          keys: [{ type: "session", id: "a", value: Buffer.from("key") }],
          journal: [
            { kind: "stanza", contentHash: "h", stanzaId: "s", attrs: "{}", payload: Buffer.from("p"), at: t0 },
          ],
        });
        await store().events.persist({
          instanceId,
          events: range(1, 3).map((n) => happening(n)),
          records: {
            messages: [
              {
                instanceId,
                chatId: "c",
                messageId: "m",
                fromMe: false,
                senderId: "s",
                at: t0,
                type: "text",
                proto: Buffer.from("proto"),
              },
            ],
            statuses: [{ messageId: "m", chatId: "c", status: "read", at: t0 }],
            lidPairs: [{ lid: "1", phone: "2" }],
            contacts: [{ contactId: "p", name: "P" }],
            chats: [{ chatId: "c", name: "C" }],
          },
          now: t0,
        });
        await store().queue.enqueue({
          message: {
            zaapId: "Z",
            instanceId,
            messageId: "W",
            outgoing: { to: "c", content: { kind: "text", text: "t" }, options: {} },
            dueAt: t0,
            typingMs: 0,
            createdAt: t0,
          },
          idempotency: { key: "k", requestHash: "h", expiresAt: t0 + 1_000_000 },
          now: t0,
        });
        await store().instances.recordConnection({ instanceId, connection: { state: "connected", at: t0 } });
        return instanceId;
      };
      /** Everything the ports can say about an instance. */
      const seen = async (instanceId: string) => ({
        creds: await store().authState.loadCreds({ instanceId }),
        keys: (await store().authState.getKeys({ instanceId, type: "session", ids: ["a"] })).size,
        journal: (await store().authState.pendingJournal({ instanceId, limit: 10 })).length,
        journaled: (await store().authState.findJournaled({ instanceId, contentHash: "h" }))?.stanzaId,
        events: (await store().events.list({ instanceId, limit: 10 })).length,
        deliveries: await store().deliveries.count({ instanceId }),
        lanes: (await store().deliveries.lanes({ instanceId })).length,
        message: (await store().messages.get({ instanceId, messageId: "m" }))?.type,
        trace: (await store().messages.trace({ instanceId, messageId: "m" }))?.status,
        sending: (await store().messages.trace({ instanceId, messageId: "W" }))?.status,
        phone: await store().directory.phoneOf({ instanceId, lid: "1" }),
        contacts: (await store().directory.contacts({ instanceId, offset: 0, limit: 10 })).length,
        chats: (await store().directory.chats({ instanceId, offset: 0, limit: 10 })).length,
        queued: (await store().queue.get({ instanceId, zaapId: "Z" }))?.state,
        history: (await store().instances.connectionHistory({ instanceId, limit: 10 })).length,
      });
      const [gone, kept] = [await filled(), await filled()];
      const full = await seen(kept);
      expect(await seen(gone)).toEqual(full);
      expect(await store().instances.delete({ instanceId: gone })).toBe(true);
      expect(await seen(gone)).toEqual({
        keys: 0,
        journal: 0,
        events: 0,
        deliveries: 0,
        lanes: 0,
        contacts: 0,
        chats: 0,
        history: 0,
      });
      expect(await seen(kept)).toEqual(full);
      expect(await store().queue.instancesWithWork({ now: t0, limit: 1_000 })).not.toContain(gone);
    });

    test("delete: the id is free again and begins anew", async () => {
      const instance = newInstance({ hooks: { received: "https://example.com/" } });
      await store().instances.create({ instance });
      const events = range(1, 3).map((n) => happening(n));
      await store().events.persist({ instanceId: instance.id, events, now: t0 });
      await store().instances.delete({ instanceId: instance.id });
      await store().instances.create({ instance });
      const again = await store().events.persist({ instanceId: instance.id, events: events.slice(0, 1), now: t0 });
      expect(again.map(({ sequence }) => sequence)).toEqual([1]);
    });

    test("delete: of many rows nothing is left", async () => {
      const instanceId = await addInstance(store(), { received: "https://example.com/" });
      for (const batch of range(0, 9)) {
        const events = range(batch * 500 + 1, batch * 500 + 500).map((n) => happening(n));
        await store().events.persist({ instanceId, events, now: t0 });
      }
      expect(await store().instances.delete({ instanceId })).toBe(true);
      expect(await store().events.list({ instanceId, limit: 1 })).toEqual([]);
      expect(await store().deliveries.count({ instanceId })).toBe(0);
    });

    test("delete: a late write leaves nothing behind", async () => {
      const instanceId = await addInstance(store());
      await store().instances.delete({ instanceId });
      const late: Readonly<Record<string, () => Promise<unknown>>> = {
        persist: () => store().events.persist({ instanceId, events: [happening(1)], now: t0 }),
        record: () =>
          store().messages.record({ instanceId, steps: [{ messageId: "m", chatId: "c", status: "read", at: t0 }] }),
        putPairs: () => store().directory.putPairs({ instanceId, pairs: [{ lid: "1", phone: "2" }] }),
        putContacts: () => store().directory.putContacts({ instanceId, contacts: [{ contactId: "p" }] }),
        putChats: () => store().directory.putChats({ instanceId, chats: [{ chatId: "c" }] }),
      };
      for (const [name, write] of Object.entries(late)) {
        expect([name, await codeOf(write())]).toEqual([name, "instance_not_found"]);
      }
    });
  });
}
