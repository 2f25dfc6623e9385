import { AsyncLocalStorage } from "node:async_hooks";
import {
  initAuthCreds,
  type AuthenticationCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from "@whiskeysockets/baileys";
import { backoffMs } from "#lib/backoff.ts";
import { sleep } from "#lib/sleep.ts";
import { isWazapiError, WazapiError } from "#domain/errors.ts";
import type { AuthStateStore, JournalEntry, JournalRow, KeyMutation } from "#store/auth-state.ts";
import type { LidPair } from "#store/records.ts";
import { BoundedMap } from "./bounded-map.ts";
import { decodeCreds, decodeKey, encodeCreds, encodeKey } from "./key-codec.ts";

/**
 * Signal state of one socket, written through to the store. It belongs to exactly one socket: after `dispose` nothing
 * of a dead socket can be written any more.
 */
export interface AuthState extends AsyncDisposable {
  /** Baileys changes this object in place. */
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStore;
  /** Whether the stored device was accepted by a phone; an abandoned pairing leaves credentials that were not. */
  readonly paired: boolean;
  /** Says that `creds` changed: it goes along with the next commit, at the latest in the next turn of the event loop. */
  readonly credsChanged: () => void;
  /** Resolves when everything changed so far is stored; throws what the store threw. */
  readonly flush: () => Promise<void>;
  /** Commits entries that belong to no key change. Resolves once they are durable. */
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  /**
   * Runs `work` and commits the entry it names together with the keys that change inside it: one transaction. Throws,
   * with nothing written, when that commit fails.
   */
  readonly withJournal: <T>(work: (journal: (entry: JournalEntry) => void) => Promise<T>) => Promise<T>;
  /**
   * Stores keys ahead of the transaction that changed them, which then writes only what changed since. Resolves once
   * they are durable; throws, with nothing written, when they cannot be.
   */
  readonly storeAhead: (data: SignalDataSet) => Promise<void>;
  /** Ids of the stored keys of this type above `afterId`, in order. */
  readonly keyIds: (
    type: string,
    page: { readonly afterId: string; readonly limit: number },
  ) => Promise<readonly string[]>;
  /** The journal entry of these very bytes, while retention keeps it. */
  readonly find: (contentHash: string) => Promise<JournalRow | undefined>;
}

/** What `openAuthState` needs to know. */
export interface AuthStateOptions {
  readonly instanceId: string;
  /** Fencing token of the lease; every write names it. */
  readonly token: number;
  /** Keys kept decoded-ready in memory. Pre-keys are never kept: 812 of them are read once each, on demand. */
  readonly maxCachedKeys: number;
  /** Tries of one commit, or of one read, before it counts as failed. */
  readonly maxCommitTries: number;
  /** Called with numbers and LIDs that Baileys has just stored as belonging together. */
  readonly onPairs?: (pairs: readonly LidPair[]) => void;
  /** Called once per failed commit or read, before the caller sees the error: the socket must stop talking at once. */
  readonly onFailure: (error: unknown) => void;
}

/** The journal entry that waits for the commit of its ratchet. */
interface JournalScope {
  entry: JournalEntry | undefined;
}

/** Loads the credentials of an instance, or makes new ones when it is not paired (yet). */
export async function openAuthState(store: AuthStateStore, options: AuthStateOptions): Promise<AuthState> {
  const { instanceId, token } = options;
  const stored = await store.loadCreds({ instanceId });
  const loaded = stored === undefined ? undefined : decodeCreds(stored);
  const paired = loaded?.account !== undefined && loaded.me !== undefined;
  // WhatsApp protocol: credentials that carry `me` log in instead of pairing. Asking for a pairing code sets `me`
  // before the phone agreed, so whatever no phone has signed is thrown away.
  const creds = paired ? loaded : initAuthCreds();
  const cache = new BoundedMap<string, Uint8Array>({ limit: options.maxCachedKeys });
  /** Written by `storeAhead`, until the transaction comes with the same. */
  const ahead = new BoundedMap<string, Uint8Array>({ limit: options.maxCachedKeys });
  const scopes = new AsyncLocalStorage<JournalScope>();
  const running = new Set<Promise<void>>();
  const stop = new AbortController();
  let commits = 0;
  let dirty = false;
  let credsInFlight = false;

  function commit(change: { keys?: readonly KeyMutation[]; journal?: readonly JournalEntry[] }): Promise<void> {
    if (stop.signal.aborted)
      return Promise.reject(new WazapiError("not_connected", { message: "the socket is closed" }));
    const done = write(change);
    const settled = done.then(
      () => {},
      () => {},
    );
    running.add(settled);
    void settled.then(() => running.delete(settled));
    return done;
  }

  async function write(change: { keys?: readonly KeyMutation[]; journal?: readonly JournalEntry[] }): Promise<void> {
    // One commit at a time carries the credentials, so that an older document never overwrites a newer one.
    const withCreds = dirty && !credsInFlight;
    if (withCreds) {
      dirty = false;
      credsInFlight = true;
    }
    commits += 1;
    try {
      const whole = { ...change, ...(withCreds ? { creds: encodeCreds(creds) } : {}) };
      await insist(() => store.commit({ instanceId, token, ...whole }));
    } catch (error) {
      if (withCreds) dirty = true;
      options.onFailure(error);
      throw error;
    } finally {
      if (withCreds) credsInFlight = false;
    }
    for (const { type, id, value } of change.keys ?? []) {
      if (value === null) cache.delete(cacheKey(type, id));
      else if (type !== "pre-key") cache.set(cacheKey(type, id), value);
    }
    if (dirty && withCreds) scheduleFlush();
  }

  async function insist<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (isWazapiError(error, "lease_lost") || tries >= options.maxCommitTries) throw error;
        await sleep(backoffMs({ baseMs: 50, maxMs: 1_000, jitter: "equal" }, tries), stop.signal);
      }
    }
  }

  function scheduleFlush(): void {
    setImmediate(() => {
      // `onFailure` has told the session; a failed save of credentials has no other listener.
      if (dirty && !credsInFlight && !stop.signal.aborted) commit({}).catch(() => {});
    });
  }

  async function get<T extends keyof SignalDataTypeMap>(
    type: T,
    ids: string[],
  ): Promise<{ [id: string]: SignalDataTypeMap[T] }> {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    const missing: string[] = [];
    for (const id of ids) {
      const bytes = cache.get(cacheKey(type, id));
      if (bytes === undefined) missing.push(id);
      else found[id] = decodeKey(type, bytes);
    }
    if (missing.length === 0) return found;
    const before = commits;
    for (const [id, bytes] of await read(type, missing)) {
      found[id] = decodeKey(type, bytes);
      // A commit that started meanwhile may have changed this key: what was read is then not kept.
      if (before === commits && type !== "pre-key") cache.set(cacheKey(type, id), bytes);
    }
    return found;
  }

  /** Baileys takes a session that cannot be read for none: it would leave this recipient out, or ask for a message again. */
  async function read(type: string, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    try {
      return await insist(() => store.getKeys({ instanceId, type, ids }));
    } catch (error) {
      options.onFailure(error);
      throw error;
    }
  }

  async function set(data: SignalDataSet): Promise<void> {
    const keys = mutationsOf(data).filter(isNews);
    const scope = scopes.getStore();
    const entry = scope?.entry;
    if (keys.length > 0 || entry !== undefined) {
      await commit({ keys, ...(entry === undefined ? {} : { journal: [entry] }) });
    }
    if (scope !== undefined) scope.entry = undefined;
    const pairs = pairsIn(data);
    if (pairs.length > 0) options.onPairs?.(pairs);
  }

  /** Whether this is not what `storeAhead` has just written. */
  function isNews({ type, id, value }: KeyMutation): boolean {
    const key = cacheKey(type, id);
    const stored = ahead.get(key);
    ahead.delete(key);
    return stored === undefined || value === null || Buffer.compare(stored, value) !== 0;
  }

  async function storeAhead(data: SignalDataSet): Promise<void> {
    const keys = mutationsOf(data);
    if (keys.length === 0) return;
    await commit({ keys });
    for (const { type, id, value } of keys) if (value !== null) ahead.set(cacheKey(type, id), value);
  }

  async function flush(): Promise<void> {
    await settle();
    if (dirty) await commit({});
  }

  async function settle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    creds,
    keys: { get, set },
    paired,
    credsChanged: () => {
      dirty = true;
      scheduleFlush();
    },
    flush,
    journal: (journal) => commit({ journal }),
    withJournal: async (work) => {
      const scope: JournalScope = { entry: undefined };
      const value = await scopes.run(scope, () =>
        work((entry) => {
          scope.entry = entry;
        }),
      );
      // Baileys skips a commit without key changes; the entry must still be written before the receipt.
      if (scope.entry !== undefined) await commit({ journal: [scope.entry] });
      return value;
    },
    storeAhead,
    keyIds: (type, page) => insist(() => store.keyIds({ instanceId, type, ...page })),
    find: (contentHash) => store.findJournaled({ instanceId, contentHash }),
    [Symbol.asyncDispose]: async () => {
      // A failure was reported through `onFailure`; closing goes on.
      await flush().catch(() => {});
      stop.abort();
      await settle();
      cache.clear();
    },
  };
}

/** Baileys' nested tables as a flat list. */
function mutationsOf(data: SignalDataSet): KeyMutation[] {
  return Object.entries(data).flatMap(([type, values]) =>
    Object.entries(values ?? {}).map(([id, value]) => ({
      type,
      id,
      value: value === null || value === undefined ? null : encodeKey(value),
    })),
  );
}

/** Baileys keeps each pair twice: number → LID, and LID with a suffix → number. */
function pairsIn(data: SignalDataSet): LidPair[] {
  return Object.entries(data["lid-mapping"] ?? {}).flatMap(([phone, lid]) =>
    lid === null || phone.endsWith("_reverse") ? [] : [{ phone, lid }],
  );
}

function cacheKey(type: string, id: string): string {
  return `${type}/${id}`;
}
