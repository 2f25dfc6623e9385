import { describe, expect, test } from "vitest";
import type { StoredMessage } from "#store/records.ts";
import { addInstance, happening, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

/** What every `DirectoryStore` keeps to. */
export function directoryContract(adapter: StoreAdapter): void {
  describe(`directory on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("pairs: found from both sides, by their own instance only", async () => {
      const [mine, other] = [await addInstance(store()), await addInstance(store())];
      const { directory } = store();
      await directory.putPairs({ instanceId: mine, pairs: [{ lid: "111", phone: "5511900000001" }] });
      await directory.putPairs({ instanceId: other, pairs: [{ lid: "111", phone: "5511900000009" }] });
      expect(await directory.phoneOf({ instanceId: mine, lid: "111" })).toBe("5511900000001");
      expect(await directory.lidOf({ instanceId: mine, phone: "5511900000001" })).toBe("111");
      expect(await directory.lidOf({ instanceId: mine, phone: "5511900000009" })).toBeUndefined();
      expect(await directory.phoneOf({ instanceId: mine, lid: "222" })).toBeUndefined();
    });

    test("pairs: what was learnt last holds", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const learn = (lid: string, phone: string) => directory.putPairs({ instanceId, pairs: [{ lid, phone }] });
      await learn("1", "100");
      await learn("1", "200");
      expect(await directory.phoneOf({ instanceId, lid: "1" })).toBe("200");
      expect(await directory.lidOf({ instanceId, phone: "100" })).toBeUndefined();
      // A number that moved to another LID answers with the newer one.
      await learn("2", "200");
      expect(await directory.lidOf({ instanceId, phone: "200" })).toBe("2");
      expect(await directory.phoneOf({ instanceId, lid: "1" })).toBe("200");
    });

    test("pairs: newest first, and one that is told again stays where it is", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      for (const n of range(1, 5)) {
        await directory.putPairs({ instanceId, pairs: [{ lid: `${n}`, phone: `10${n}` }] });
      }
      await directory.putPairs({ instanceId, pairs: [{ lid: "2", phone: "102" }] });
      await directory.putPairs({ instanceId, pairs: [{ lid: "1", phone: "201" }] });
      const lids = async (limit: number) => (await directory.pairs({ instanceId, limit })).map(({ lid }) => lid);
      expect(await lids(10)).toEqual(["1", "5", "4", "3", "2"]);
      expect(await lids(2)).toEqual(["1", "5"]);
    });

    test("pairs: many at once, with repetitions", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const pairs = range(1, 700).map((n) => ({ lid: `${n % 500}`, phone: `55${n}` }));
      await directory.putPairs({ instanceId, pairs });
      expect(await directory.pairs({ instanceId, limit: 1_000 })).toHaveLength(500);
      expect(await directory.phoneOf({ instanceId, lid: "7" })).toBe("55507");
    });

    test("pairs: what was kept under the LID moves to the number, which keeps what it knows better", async () => {
      const instanceId = await addInstance(store());
      const { directory, messages } = store();
      const message = (chatId: string, messageId: string, text: string): StoredMessage => ({
        instanceId,
        chatId,
        messageId,
        fromMe: false,
        senderId: chatId,
        at: t0,
        type: "text",
        proto: Buffer.from(text),
      });
      const [lid, phone] = ["77@lid", "5511900000077@s.whatsapp.net"];
      await messages.put({
        messages: [
          message(lid, "A", "a"),
          message(lid, "B", "old"),
          message(phone, "B", "new"),
          message(phone, "C", "c"),
        ],
      });
      await directory.putChats({
        instanceId,
        chats: [
          { chatId: lid, name: "by LID", unread: 2, lastMessageAt: t0 + 5, photoUrl: "p", extra: { a: 1, b: 1 } },
          { chatId: phone, name: "by number", unread: 1, lastMessageAt: t0, photoUrl: "", extra: { b: 2 } },
        ],
      });
      await directory.putContacts({
        instanceId,
        contacts: [
          { contactId: lid, name: "old", pushName: "ana" },
          { contactId: phone, name: "Ana" },
        ],
      });
      await directory.putPairs({
        instanceId,
        pairs: [
          { lid: "77", phone: "5511900000077" },
          { lid: "78", phone: "1" },
        ],
      });
      const stored = await messages.list({ instanceId, chatId: phone, limit: 10 });
      expect(new Set(stored.map(({ messageId }) => messageId))).toEqual(new Set(["A", "B", "C"]));
      expect(stored).toHaveLength(3);
      expect(await messages.list({ instanceId, chatId: lid, limit: 10 })).toEqual([]);
      expect(await directory.chats({ instanceId, offset: 0, limit: 10 })).toEqual([
        {
          instanceId,
          chatId: phone,
          name: "by number",
          unread: 3,
          lastMessageAt: t0 + 5,
          photoUrl: "p",
          extra: { a: 1, b: 2 },
        },
      ]);
      expect(await directory.contacts({ instanceId, offset: 0, limit: 10 })).toEqual([
        { instanceId, contactId: phone, name: "Ana", pushName: "ana" },
      ]);
      // Somebody known by LID alone moves as a whole.
      await directory.putChats({ instanceId, chats: [{ chatId: "79@lid", name: "alone" }] });
      await directory.putPairs({ instanceId, pairs: [{ lid: "79", phone: "5511900000079" }] });
      const moved = await directory.chat({ instanceId, chatId: "5511900000079@s.whatsapp.net" });
      expect(moved).toEqual({ instanceId, chatId: "5511900000079@s.whatsapp.net", name: "alone" });
      expect(await directory.chat({ instanceId, chatId: "79@lid" })).toBeUndefined();
    });

    test("contacts: undefined fields leave the stored value", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const contactId = "5511900000002@s.whatsapp.net";
      await directory.putContacts({ instanceId, contacts: [{ contactId, name: "Ana", pushName: "aninha" }] });
      await directory.putContacts({
        instanceId,
        contacts: [
          { contactId, pushName: "Ana B." },
          { contactId, verifiedName: "Ana Ltda", photoUrl: "https://example.com/a.jpg" },
        ],
      });
      expect(await directory.contact({ instanceId, contactId })).toEqual({
        instanceId,
        contactId,
        name: "Ana",
        pushName: "Ana B.",
        verifiedName: "Ana Ltda",
        photoUrl: "https://example.com/a.jpg",
      });
      expect(await directory.contact({ instanceId, contactId: "nobody" })).toBeUndefined();
      expect(await directory.contact({ instanceId: await addInstance(store()), contactId })).toBeUndefined();
    });

    test("contacts: pages show everybody once", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const contacts = range(1, 23).map((n) => ({ contactId: `${n * 7}@s.whatsapp.net` }));
      await directory.putContacts({ instanceId, contacts });
      const seen: string[] = [];
      for (const page of range(0, 3)) {
        const rows = await directory.contacts({ instanceId, offset: page * 7, limit: 7 });
        expect(rows).toHaveLength(page === 3 ? 2 : 7);
        seen.push(...rows.map(({ contactId }) => contactId));
      }
      expect(seen.toSorted()).toEqual(contacts.map(({ contactId }) => contactId).toSorted());
    });

    test("chats: undefined fields leave the stored value, what else is known is merged key by key", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const chatId = "123@g.us";
      const put = (...chats: Parameters<typeof directory.putChats>[0]["chats"]) =>
        directory.putChats({ instanceId, chats });
      await put({ chatId, name: "Família 👨‍👩‍👧", unread: 3, extra: { announce: true, size: 5 } });
      await put(
        { chatId, unread: 0, lastMessageAt: t0, extra: { size: 6, owner: { id: "x" } } },
        { chatId, photoUrl: "p" },
      );
      expect(await directory.chat({ instanceId, chatId })).toEqual({
        instanceId,
        chatId,
        name: "Família 👨‍👩‍👧",
        unread: 0,
        lastMessageAt: t0,
        photoUrl: "p",
        extra: { announce: true, size: 6, owner: { id: "x" } },
      });
      expect(await directory.chat({ instanceId, chatId: "nothing" })).toBeUndefined();
    });

    test("chats: what is learnt at the same time by several is all kept, key by key", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const chatId = "5511900000001@s.whatsapp.net";
      const put = (extra: Readonly<Record<string, unknown>>) =>
        directory.putChats({ instanceId, chats: [{ chatId, extra }] });
      const addressing = { form: "lid", at: t0 };
      const names = range(1, 12).map((n) => `field ${n}`);
      await Promise.all([put({ addressing }), ...names.map((name, n) => put({ [name]: n }))]);
      const others = Object.fromEntries(names.map((name, n) => [name, n]));
      expect((await directory.chat({ instanceId, chatId }))?.extra).toEqual({ addressing, ...others });
      // A key is replaced as a whole, and only that one.
      const later = { form: "pn", at: t0 + 1 };
      const changed = { [names[0]!]: "new" };
      await Promise.all([put({ addressing: later }), put(changed), directory.putPairs({ instanceId, pairs: [] })]);
      expect((await directory.chat({ instanceId, chatId }))?.extra).toEqual({
        ...others,
        addressing: later,
        ...changed,
      });
    });

    test("chats: the time of the newest message never goes back", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      for (const lastMessageAt of [t0 + 5, t0]) {
        await directory.putChats({ instanceId, chats: [{ chatId: "c", lastMessageAt }] });
      }
      expect((await directory.chat({ instanceId, chatId: "c" }))?.lastMessageAt).toBe(t0 + 5);
    });

    test("chats: most recent first, those without a message last; pages show each once", async () => {
      const instanceId = await addInstance(store());
      const { directory } = store();
      const chats = range(1, 9).map((n) => ({ chatId: `c${n}`, lastMessageAt: t0 + ((n * 4) % 9) }));
      await directory.putChats({ instanceId, chats: [...chats, { chatId: "quiet" }] });
      const expected = [...chats.toSorted((a, b) => b.lastMessageAt - a.lastMessageAt).map((c) => c.chatId), "quiet"];
      const seen: string[] = [];
      for (const offset of [0, 4, 8]) {
        seen.push(...(await directory.chats({ instanceId, offset, limit: 4 })).map(({ chatId }) => chatId));
      }
      expect(seen).toEqual(expected);
    });

    test("events.persist: brings pairs, contacts and chats along", async () => {
      const instanceId = await addInstance(store());
      await store().events.persist({
        instanceId,
        events: [happening(1)],
        records: {
          lidPairs: [{ lid: "1", phone: "2" }],
          contacts: [{ contactId: "p", pushName: "P" }],
          chats: [{ chatId: "c", unread: 1 }],
        },
        now: t0,
      });
      const { directory } = store();
      expect(await directory.phoneOf({ instanceId, lid: "1" })).toBe("2");
      expect(await directory.contact({ instanceId, contactId: "p" })).toMatchObject({ pushName: "P" });
      expect(await directory.chat({ instanceId, chatId: "c" })).toMatchObject({ unread: 1 });
    });
  });
}
