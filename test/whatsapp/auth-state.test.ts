import { randomBytes } from "node:crypto";
import { addTransactionCapability, initAuthCreds, proto, type AuthenticationCreds } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import { silentLog } from "#lib/log.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import type { Store } from "#store/store.ts";
import { openAuthState, type AuthState } from "#whatsapp/auth-state.ts";
import { baileysLog } from "#whatsapp/baileys-log.ts";
import { encodeCreds } from "#whatsapp/key-codec.ts";
import { openTestStore } from "../support/store.ts";
import { faultyAuthStore, settled, type FaultyAuthStore } from "./support.ts";

const instanceId = "A".repeat(32);
const token = 1;
let store: Store;
let authStore: FaultyAuthStore;
const failures: unknown[] = [];

beforeEach(async () => {
  store = await openTestStore();
  authStore = faultyAuthStore(store.authState);
  failures.length = 0;
  await store.authState.fence({ instanceId, token });
});

afterEach(() => store[Symbol.asyncDispose]());

function open(options: { maxCachedKeys?: number; token?: number } = {}): Promise<AuthState> {
  return openAuthState(authStore, {
    instanceId,
    token,
    maxCachedKeys: 100,
    maxCommitTries: 2,
    onFailure: (error) => failures.push(error),
    ...options,
  });
}

/** Credentials as they are after a phone accepted. */
function pairedCreds(): AuthenticationCreds {
  return {
    ...initAuthCreds(),
    me: { id: "5511999990001:1@s.whatsapp.net", lid: "123:1@lid" },
    account: { details: randomBytes(8), accountSignatureKey: randomBytes(32) },
  };
}

const entry = (stanzaId: string): JournalEntry => ({
  kind: "plaintext",
  contentHash: stanzaId,
  stanzaId,
  attrs: "{}",
  payload: Buffer.from(stanzaId),
  at: 1,
});

const inTransaction = (auth: AuthState) =>
  addTransactionCapability(auth.keys, baileysLog(silentLog), { maxCommitRetries: 1, delayBetweenTriesMs: 0 });

describe("auth state: credentials", () => {
  it("come back as they were, bytes as bytes", async () => {
    const creds = pairedCreds();
    await store.authState.commit({ instanceId, token, creds: encodeCreds(creds) });
    await using auth = await open();
    expect(auth.paired).toBe(true);
    expect(auth.creds).toEqual(
      JSON.parse(JSON.stringify(creds), (_k, v) => (v?.type === "Buffer" ? Buffer.from(v.data) : v)),
    );
    expect(auth.creds.noiseKey.private).toBeInstanceOf(Buffer);
  });

  it("no phone has accepted are made anew: an abandoned pairing code must not log in", async () => {
    const abandoned = {
      ...initAuthCreds(),
      me: { id: "5511999990001@s.whatsapp.net", name: "~" },
      pairingCode: "ABCD1234",
    };
    await store.authState.commit({ instanceId, token, creds: encodeCreds(abandoned) });
    await using auth = await open();
    expect(auth.paired).toBe(false);
    expect([auth.creds.me, auth.creds.pairingCode]).toEqual([undefined, undefined]);
  });

  it("go along with the next commit of keys, and alone when there is none", async () => {
    await using auth = await open();
    auth.creds.accountSyncCounter = 1;
    auth.credsChanged();
    await auth.keys.set({ session: { a: Buffer.from("x") } });
    expect(authStore.commits).toHaveLength(1);
    expect(authStore.commits[0]).toMatchObject({ creds: expect.stringContaining('"accountSyncCounter":1') });
    auth.creds.accountSyncCounter = 2;
    auth.credsChanged();
    await settled();
    await auth.flush();
    expect(authStore.commits[1]).toMatchObject({ creds: expect.stringContaining('"accountSyncCounter":2') });
  });

  it("an older document never overwrites a newer one", async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>();
    await using auth = await open();
    authStore.before = () => slow;
    auth.creds.accountSyncCounter = 1;
    auth.credsChanged();
    await settled();
    authStore.before = () => Promise.resolve();
    auth.creds.accountSyncCounter = 2;
    auth.credsChanged();
    await auth.keys.set({ session: { a: Buffer.from("x") } });
    expect(await store.authState.loadCreds({ instanceId })).toBeUndefined();
    resolve();
    await auth.flush();
    expect(await store.authState.loadCreds({ instanceId })).toContain('"accountSyncCounter":2');
  });
});

describe("auth state: keys", () => {
  it.each([
    ["pre-key", { public: randomBytes(32), private: randomBytes(32) }],
    ["session", { _sessions: { "1": { counter: 2 } }, version: "v1" } as never],
    ["sender-key", randomBytes(80)],
    ["sender-key-memory", { "1@s.whatsapp.net": true }],
    ["lid-mapping", "123456"],
    ["device-list", ["0", "1"]],
    ["tctoken", { token: randomBytes(5), timestamp: "17" }],
    ["identity-key", randomBytes(33)],
  ] as const)("%s: comes back as it was, from memory and from the store", async (type, value) => {
    await using auth = await open();
    await auth.keys.set({ [type]: { id: value } });
    expect(await auth.keys.get(type, ["id", "other"])).toEqual({ id: value });
    await using fresh = await open();
    expect(await fresh.keys.get(type, ["id"])).toEqual({ id: value });
  });

  it("app-state keys come back as messages", async () => {
    await using auth = await open();
    await auth.keys.set({ "app-state-sync-key": { id: { keyData: randomBytes(32), timestamp: 5 } } });
    const { id } = await auth.keys.get("app-state-sync-key", ["id"]);
    expect(id).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
  });

  it("null deletes", async () => {
    await using auth = await open();
    await auth.keys.set({ session: { a: Buffer.from("x") } });
    await auth.keys.set({ session: { a: null } });
    expect(await auth.keys.get("session", ["a"])).toEqual({});
  });

  it("what a caller does to a key it read changes nothing", async () => {
    await using auth = await open();
    await auth.keys.set({ "sender-key-memory": { g: { a: true } } });
    const { g } = await auth.keys.get("sender-key-memory", ["g"]);
    Object.assign(g ?? {}, { b: true });
    expect(await auth.keys.get("sender-key-memory", ["g"])).toEqual({ g: { a: true } });
  });

  it("are read from memory within the limit; pre-keys never stay there", async () => {
    await using auth = await open({ maxCachedKeys: 2 });
    const pair = { public: Buffer.alloc(32), private: Buffer.alloc(32) };
    await auth.keys.set({
      session: { a: Buffer.from("a"), b: Buffer.from("b"), c: Buffer.from("c") },
      "pre-key": { 1: pair },
    });
    const reads: string[] = [];
    authStore.getKeys = (input) => {
      reads.push(`${input.type}:${input.ids.join()}`);
      return store.authState.getKeys(input);
    };
    await auth.keys.get("session", ["b", "c"]);
    await auth.keys.get("pre-key", ["1"]);
    await auth.keys.get("pre-key", ["1"]);
    await auth.keys.get("session", ["a"]);
    expect(reads).toEqual(["pre-key:1", "pre-key:1", "session:a"]);
  });

  it("a read that a commit overtakes is not kept", async () => {
    await using auth = await open();
    await store.authState.commit({
      instanceId,
      token,
      keys: [{ type: "lid-mapping", id: "a", value: Buffer.from('"old"') }],
    });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    authStore.getKeys = async (input) => {
      const found = await store.authState.getKeys(input);
      await late;
      return found;
    };
    const reading = auth.keys.get("lid-mapping", ["a"]);
    await settled();
    await auth.keys.set({ "lid-mapping": { a: "new" } });
    resolve();
    await reading;
    expect(await auth.keys.get("lid-mapping", ["a"])).toEqual({ a: "new" });
  });
});

describe("auth state: journal", () => {
  it("ratchet and plaintext go into one commit", async () => {
    await using auth = await open();
    const keys = inTransaction(auth);
    await auth.withJournal((journal) =>
      keys.transaction(async () => {
        await keys.set({ session: { a: Buffer.from("1") } });
        journal(entry("M1"));
      }, "me"),
    );
    expect(authStore.commits).toHaveLength(1);
    expect(authStore.commits[0]).toMatchObject({ keys: [{ type: "session" }], journal: [{ stanzaId: "M1" }] });
  });

  it("an entry without key changes is still written", async () => {
    await using auth = await open();
    const keys = inTransaction(auth);
    await auth.withJournal((journal) => keys.transaction(async () => journal(entry("M1")), "me"));
    expect(await auth.find("M1")).toMatchObject({ stanzaId: "M1", settled: false });
  });

  it("a failed commit leaves neither ratchet nor entry, and says so", async () => {
    await using auth = await open();
    const keys = inTransaction(auth);
    authStore.fail = () => new WazapiError("storage");
    const work = auth.withJournal((journal) =>
      keys.transaction(async () => {
        await keys.set({ session: { a: Buffer.from("1") } });
        journal(entry("M1"));
      }, "me"),
    );
    await expect(work).rejects.toMatchObject({ code: "storage" });
    expect(failures).toHaveLength(1);
    expect(await auth.find("M1")).toBeUndefined();
    expect(await auth.keys.get("session", ["a"])).toEqual({});
  });

  it("a passing failure is tried again with everything in it", async () => {
    await using auth = await open();
    let tries = 0;
    authStore.fail = () => ((tries += 1) === 1 ? new WazapiError("storage") : undefined);
    await auth.withJournal(async (journal) => {
      journal(entry("M1"));
      await auth.keys.set({ session: { a: Buffer.from("1") } });
    });
    expect(failures).toEqual([]);
    expect(await auth.find("M1")).toBeDefined();
  });

  it("entries of other work never slip into this commit", async () => {
    await using auth = await open();
    const { promise: wait, resolve } = Promise.withResolvers<void>();
    const first = auth.withJournal(async (journal) => {
      journal(entry("M1"));
      await wait;
    });
    await auth.keys.set({ session: { b: Buffer.from("2") } });
    expect(authStore.commits[0]?.journal).toBeUndefined();
    resolve();
    await first;
    expect(authStore.commits[1]).toMatchObject({ journal: [{ stanzaId: "M1" }] });
  });
});

describe("auth state: fencing and closing", () => {
  it("a lost lease fails at once, without another try", async () => {
    await using auth = await open();
    await store.authState.fence({ instanceId, token: 2 });
    await expect(auth.keys.set({ session: { a: Buffer.from("1") } })).rejects.toMatchObject({ code: "lease_lost" });
    expect(failures).toHaveLength(1);
  });

  it("after closing nothing of a dead socket is written", async () => {
    const auth = await open();
    auth.creds.accountSyncCounter = 7;
    auth.credsChanged();
    await auth[Symbol.asyncDispose]();
    expect(await store.authState.loadCreds({ instanceId })).toContain('"accountSyncCounter":7');
    await expect(auth.keys.set({ session: { a: Buffer.from("1") } })).rejects.toMatchObject({ code: "not_connected" });
    expect(failures).toEqual([]);
  });
});
