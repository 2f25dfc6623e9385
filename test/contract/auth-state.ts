import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import { addInstance, codeOf, happening, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";

function entry(stanzaId: string, over: Partial<JournalEntry> = {}): JournalEntry {
  return {
    kind: "plaintext",
    contentHash: `hash of ${stanzaId}`,
    stanzaId,
    attrs: JSON.stringify({ id: stanzaId }),
    payload: Buffer.from(`payload of ${stanzaId}`),
    at: t0,
    ...over,
  };
}

/** What every `AuthStateStore` keeps to. */
export function authStateContract(adapter: StoreAdapter): void {
  describe(`auth state on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const fenced = async (token = 1): Promise<{ instanceId: string; token: number }> => {
      const instanceId = newInstanceId();
      expect(await store().authState.fence({ instanceId, token })).toBe(true);
      return { instanceId, token };
    };

    test("fence: the same or a higher token may write, a lower one never again", async () => {
      const { instanceId } = await fenced(3);
      const { authState } = store();
      expect(await authState.fence({ instanceId, token: 3 })).toBe(true);
      expect(await authState.fence({ instanceId, token: 2 })).toBe(false);
      expect(await authState.fence({ instanceId, token: 9 })).toBe(true);
      expect(await authState.fence({ instanceId, token: 3 })).toBe(false);
      expect(await codeOf(authState.commit({ instanceId, token: 9, creds: "nine" }))).toBeUndefined();
    });

    test.each([
      ["an older token", 4],
      ["a token that was not declared", 6],
    ])("commit, clear: %s has lost the lease and changes nothing", async (_, token) => {
      const { instanceId } = await fenced(5);
      const { authState } = store();
      const key = { type: "session", id: "a", value: Buffer.from("first") };
      await authState.commit({ instanceId, token: 5, creds: "first", keys: [key], journal: [entry("kept")] });
      const late = authState.commit({
        instanceId,
        token,
        creds: "late",
        keys: [{ ...key, value: null }],
        journal: [entry("late")],
      });
      expect(await codeOf(late)).toBe("lease_lost");
      expect(await codeOf(authState.clear({ instanceId, token }))).toBe("lease_lost");
      expect(await authState.loadCreds({ instanceId })).toBe("first");
      expect((await authState.getKeys({ instanceId, type: "session", ids: ["a"] })).size).toBe(1);
      const pending = await authState.pendingJournal({ instanceId, limit: 10 });
      expect(pending.map(({ stanzaId }) => stanzaId)).toEqual(["kept"]);
    });

    test("commit: without any declaration the lease is lost", async () => {
      const late = store().authState.commit({ instanceId: newInstanceId(), token: 1, creds: "x" });
      expect(await codeOf(late)).toBe("lease_lost");
    });

    test("commit: of writers around a change of owner only the declared ones are stored", async () => {
      const { instanceId } = await fenced(1);
      const { authState } = store();
      const committing = range(1, 20).map((n) => codeOf(authState.commit({ instanceId, token: 1, creds: `old ${n}` })));
      const taking = authState.fence({ instanceId, token: 2 });
      const after = range(21, 30).map((n) => codeOf(authState.commit({ instanceId, token: 1, creds: `old ${n}` })));
      await taking;
      await authState.commit({ instanceId, token: 2, creds: "new" });
      const codes = await Promise.all([...committing, ...after]);
      expect(codes.filter((code) => code !== undefined && code !== "lease_lost")).toEqual([]);
      expect(await codeOf(authState.commit({ instanceId, token: 1, creds: "late" }))).toBe("lease_lost");
      expect(await authState.loadCreds({ instanceId })).toBe("new");
    });

    test("loadCreds: the document as it was written; the last one wins", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      expect(await authState.loadCreds({ instanceId })).toBeUndefined();
      for (const creds of ["{}", '{"name":"Zé 📱"}']) await authState.commit({ instanceId, token, creds });
      expect(await authState.loadCreds({ instanceId })).toBe('{"name":"Zé 📱"}');
      await authState.commit({ instanceId, token, keys: [{ type: "t", id: "i", value: Buffer.of(1) }] });
      expect(await authState.loadCreds({ instanceId })).toBe('{"name":"Zé 📱"}');
    });

    test("keyIds: the ids of one type, in order, page by page", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      const value = Uint8Array.of(1);
      const keys = ["c@g.us", "a@g.us", "b@g.us"].map((id) => ({ type: "sender-key-memory", id, value }));
      await authState.commit({ instanceId, token, keys: [...keys, { type: "session", id: "a", value }] });
      const page = (afterId: string) => authState.keyIds({ instanceId, type: "sender-key-memory", afterId, limit: 2 });
      expect(await page("")).toEqual(["a@g.us", "b@g.us"]);
      expect(await page("b@g.us")).toEqual(["c@g.us"]);
      expect(await page("c@g.us")).toEqual([]);
    });

    test("getKeys: answers what is there of what was asked for, byte by byte", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      const big = randomBytes(200_000);
      const everyByte = Buffer.from(range(0, 255));
      await authState.commit({
        instanceId,
        token,
        keys: [
          { type: "session", id: "big", value: big },
          { type: "session", id: "bytes", value: everyByte },
          { type: "session", id: "empty", value: Buffer.alloc(0) },
          { type: "pre-key", id: "bytes", value: Buffer.from("another type") },
        ],
      });
      const ids = ["bytes", "big", "missing", "empty"];
      const found = await authState.getKeys({ instanceId, type: "session", ids });
      expect([...found.keys()].sort()).toEqual(["big", "bytes", "empty"]);
      expect(Buffer.from(found.get("big")!).equals(big)).toBe(true);
      expect(Buffer.from(found.get("bytes")!).equals(everyByte)).toBe(true);
      expect(found.get("empty")).toHaveLength(0);
      expect((await authState.getKeys({ instanceId, type: "session", ids: [] })).size).toBe(0);
      const other = await fenced();
      expect((await authState.getKeys({ ...other, type: "session", ids })).size).toBe(0);
    });

    test("getKeys: hundreds of ids at once", async () => {
      const { instanceId, token } = await fenced();
      const keys = range(1, 812).map((n) => ({ type: "pre-key", id: String(n), value: Buffer.from(`key ${n}`) }));
      await store().authState.commit({ instanceId, token, keys });
      const ids = keys.map(({ id }) => id);
      const found = await store().authState.getKeys({ instanceId, type: "pre-key", ids });
      expect(found.size).toBe(812);
      expect(Buffer.from(found.get("812")!).toString()).toBe("key 812");
    });

    test("commit: null deletes, and the last write of a key wins", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      const write = (...values: readonly (string | null)[]) =>
        authState.commit({
          instanceId,
          token,
          keys: values.map((value) => ({ type: "t", id: "i", value: value === null ? null : Buffer.from(value) })),
        });
      const read = async () => {
        const value = (await authState.getKeys({ instanceId, type: "t", ids: ["i"] })).get("i");
        return value && Buffer.from(value).toString();
      };
      await write("one", "two");
      expect(await read()).toBe("two");
      await write("three", null);
      expect(await read()).toBeUndefined();
      await write(null, "four");
      expect(await read()).toBe("four");
      await write(null);
      await write(null);
      expect(await read()).toBeUndefined();
    });

    test("commit: keys, credentials and journal are stored together", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      await authState.commit({
        instanceId,
        token,
        creds: "creds",
        keys: [{ type: "session", id: "a", value: Buffer.from("ratchet") }],
        journal: [entry("one"), entry("two", { kind: "stanza" })],
      });
      expect(await authState.loadCreds({ instanceId })).toBe("creds");
      const rows = await authState.pendingJournal({ instanceId, limit: 10 });
      expect(rows.map(({ kind, stanzaId }) => [kind, stanzaId])).toEqual([
        ["plaintext", "one"],
        ["stanza", "two"],
      ]);
    });

    test("clear: forgets all, and the holder may begin anew", async () => {
      const [{ instanceId, token }, other] = [await fenced(), await fenced()];
      const { authState } = store();
      const everything = {
        creds: "creds",
        keys: [{ type: "session", id: "a", value: Buffer.from("key") }],
        journal: [entry("one")],
      };
      for (const each of [{ instanceId, token }, other]) await authState.commit({ ...each, ...everything });
      await authState.clear({ instanceId, token });
      expect(await authState.loadCreds({ instanceId })).toBeUndefined();
      expect((await authState.getKeys({ instanceId, type: "session", ids: ["a"] })).size).toBe(0);
      expect(await authState.pendingJournal({ instanceId, limit: 10 })).toEqual([]);
      const contentHash = "hash of one";
      expect(await authState.findJournaled({ instanceId, contentHash })).toBeUndefined();
      expect(await authState.loadCreds(other)).toBe("creds");
      expect(await authState.findJournaled({ ...other, contentHash })).toBeDefined();
      await authState.commit({ instanceId, token, creds: "again" });
      expect(await authState.loadCreds({ instanceId })).toBe("again");
    });

    test("findJournaled: these very bytes, before and after they are settled", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      const written = entry(randomUUID(), { payload: randomBytes(5_000) });
      await authState.commit({ instanceId, token, journal: [written] });
      const { contentHash, stanzaId } = written;
      const { journalId, payload, ...row } = (await authState.findJournaled({ instanceId, contentHash }))!;
      const { payload: _payload, ...expected } = written;
      expect(row).toEqual({ ...expected, settled: false });
      expect(Buffer.from(payload).equals(Buffer.from(written.payload))).toBe(true);
      await authState.settleJournal({ instanceId, stanzaIds: [stanzaId], now: t0 });
      expect(await authState.findJournaled({ instanceId, contentHash })).toMatchObject({ journalId, settled: true });
      expect(await authState.findJournaled({ instanceId, contentHash: "other bytes" })).toBeUndefined();
      expect(await authState.findJournaled({ instanceId: newInstanceId(), contentHash })).toBeUndefined();
    });

    test("pendingJournal: oldest first, page by page, without what is settled", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      for (const n of range(1, 9)) {
        // Newer rows may carry older times: the order is the order of writing.
        await authState.commit({ instanceId, token, journal: [entry(`s${n}`, { at: t0 - n })] });
      }
      await authState.settleJournal({ instanceId, stanzaIds: ["s2", "s7", "unknown"], now: t0 });
      const first = await authState.pendingJournal({ instanceId, limit: 4 });
      expect(first.map(({ stanzaId }) => stanzaId)).toEqual(["s1", "s3", "s4", "s5"]);
      const rest = await authState.pendingJournal({ instanceId, afterId: first.at(-1)!.journalId, limit: 10 });
      expect(rest.map(({ stanzaId }) => stanzaId)).toEqual(["s6", "s8", "s9"]);
      expect(rest.every(({ settled }) => !settled)).toBe(true);
    });

    test("settleJournal: all rows of a stanza, of this instance only, and twice does no harm", async () => {
      const [mine, other] = [await fenced(), await fenced()];
      const { authState } = store();
      const parts = ["a", "b"].map((part) => entry("one", { contentHash: part }));
      for (const each of [mine, other]) await authState.commit({ ...each, journal: parts });
      for (const now of [t0, t0 + 1]) await authState.settleJournal({ ...mine, stanzaIds: ["one"], now });
      expect(await authState.pendingJournal({ ...mine, limit: 10 })).toEqual([]);
      expect(await authState.pendingJournal({ ...other, limit: 10 })).toHaveLength(2);
    });

    test("settleJournal: an id of any length, by itself or by the name that the row has", async () => {
      const mine = await fenced();
      const { authState } = store();
      const long = randomBytes(9_000).toString("base64");
      for (const nameOf of [() => long, (stanzaId: string) => stanzaId]) {
        await authState.commit({ ...mine, journal: [entry(long, { contentHash: "hash" })] });
        const [row] = await authState.pendingJournal({ instanceId: mine.instanceId, limit: 10 });
        await authState.settleJournal({ ...mine, stanzaIds: [nameOf(row!.stanzaId)], now: t0 });
        expect(await authState.pendingJournal({ instanceId: mine.instanceId, limit: 10 })).toEqual([]);
      }
    });

    test("settleJournal: bytes that come after it wait again", async () => {
      const { instanceId, token } = await fenced();
      const { authState } = store();
      await authState.commit({ instanceId, token, journal: [entry("one", { contentHash: "before" })] });
      await authState.settleJournal({ instanceId, stanzaIds: ["one"], now: t0 });
      await authState.commit({ instanceId, token, journal: [entry("one", { contentHash: "after" })] });
      const pending = await authState.pendingJournal({ instanceId, limit: 10 });
      expect(pending.map(({ contentHash }) => contentHash)).toEqual(["after"]);
    });

    test("events.persist: settles the journal rows it was given", async () => {
      const instanceId = await addInstance(store());
      const { authState } = store();
      await authState.fence({ instanceId, token: 1 });
      await authState.commit({ instanceId, token: 1, journal: [entry("one"), entry("two"), entry("three")] });
      // The second has no event: persist also stores the decision that none is due.
      await store().events.persist({ instanceId, events: [happening(1)], journalIds: ["one", "two"], now: t0 });
      const pending = await authState.pendingJournal({ instanceId, limit: 10 });
      expect(pending.map(({ stanzaId }) => stanzaId)).toEqual(["three"]);
    });
  });
}
