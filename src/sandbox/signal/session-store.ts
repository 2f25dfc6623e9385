import { SessionRecord, type SignalStorage } from "libsignal";
import { signalKey } from "./curve.ts";
import type { DeviceKeys } from "./device-keys.ts";

/** What a device remembers of its conversations: the sessions, and which one-time pre-keys are out. */
export interface SessionStore {
  /** What libsignal reads and writes through. */
  readonly storage: SignalStorage;
  /**
   * The storage as often as there are sessions of this name, last used first, each time with one of them only. libsignal
   * breaks a session on which it tries a message in vain, and would then store it so.
   */
  singles(name: string): Iterable<SignalStorage>;
  has(name: string): boolean;
  /** Forgets a session at once; what the running operation writes of it is not kept either. */
  drop(name: string): void;
  /** A new operation begins; what was dropped before does not concern it. */
  begin(): void;
  /** Hands out the number of a pre-key that nobody got before. */
  nextPreKeyId(): number;
  snapshot(): SessionStoreState;
}

/** A session store as plain JSON. */
export interface SessionStoreState {
  readonly nextPreKeyId: number;
  readonly preKeyIds: readonly number[];
  readonly sessions: Readonly<Record<string, unknown>>;
}

/** Most one-time pre-keys that may be out; beyond it the oldest stop working. */
const maxPreKeysOut = 5000;

/** The store of a device with these keys. */
export function createSessionStore(keys: DeviceKeys, state: SessionStoreState): SessionStore {
  // Records are kept serialized: libsignal changes them in place before it knows that a message is genuine.
  const sessions = new Map(Object.entries(state.sessions));
  const preKeyIds = new Set(state.preKeyIds);
  const dropped = new Set<string>();
  let nextPreKeyId = state.nextPreKeyId;
  const storage: SignalStorage = {
    loadSession: async (name) => {
      const record = sessions.get(name);
      return record === undefined ? undefined : SessionRecord.deserialize(asSerialized(record));
    },
    storeSession: async (name, record) => {
      if (!dropped.has(name)) sessions.set(name, record.serialize());
    },
    // As on a phone: another identity is a new device of the same person, not an error.
    isTrustedIdentity: () => true,
    loadPreKey: async (id) => (preKeyIds.has(Number(id)) ? signalPair(keys.preKey(Number(id))) : undefined),
    removePreKey: (id) => {
      preKeyIds.delete(id);
    },
    loadSignedPreKey: () => signalPair(keys.signedPreKey.keyPair),
    getOurRegistrationId: () => keys.registrationId,
    getOurIdentity: () => signalPair(keys.identity),
  };
  function* singles(name: string): Iterable<SignalStorage> {
    for (const key of keysByUse(sessions.get(name))) {
      yield {
        ...storage,
        loadSession: async () => SessionRecord.deserialize(asSerialized(withSessions(sessions.get(name), [key]))),
        storeSession: async (_name, changed) => {
          if (dropped.has(name)) return;
          const before = sessionsOf(sessions.get(name));
          const only = sessionsOf(changed.serialize());
          sessions.set(name, { ...Object(sessions.get(name)), _sessions: { ...before, ...only } });
        },
      };
    }
  }
  return {
    storage,
    singles,
    has: (name) => sessions.has(name),
    drop(name) {
      sessions.delete(name);
      dropped.add(name);
    },
    begin: () => dropped.clear(),
    nextPreKeyId() {
      const id = nextPreKeyId;
      nextPreKeyId = id >= maxPreKeyId ? 1 : id + 1;
      preKeyIds.add(id);
      const [oldest] = preKeyIds;
      if (preKeyIds.size > maxPreKeysOut && oldest !== undefined) preKeyIds.delete(oldest);
      return id;
    },
    snapshot: () => ({ nextPreKeyId, preKeyIds: [...preKeyIds], sessions: Object.fromEntries(sessions) }),
  };
}

/** WhatsApp protocol: numbers of keys are three bytes. */
const maxPreKeyId = 0xff_ff_ff;

function signalPair(pair: { readonly private: Uint8Array; readonly public: Uint8Array }) {
  return { privKey: Buffer.from(pair.private), pubKey: signalKey(pair.public) };
}

/** The sessions in a serialized record, by key. */
function sessionsOf(record: unknown): Readonly<Record<string, unknown>> {
  // libsignal's own format: one plain object for each session.
  return (Object(record) as { readonly _sessions?: Readonly<Record<string, unknown>> })._sessions ?? {};
}

function withSessions(record: unknown, keys: readonly string[]): unknown {
  const all = sessionsOf(record);
  return { ...Object(record), _sessions: Object.fromEntries(keys.map((key) => [key, all[key]])) };
}

function keysByUse(record: unknown): readonly string[] {
  const usedAt = (session: unknown): number => Number(Object(Object(session).indexInfo).used ?? 0);
  const all = Object.entries(sessionsOf(record)).toSorted(([, one], [, other]) => usedAt(other) - usedAt(one));
  return all.map(([key]) => key);
}

/** libsignal types a serialized record as bytes; it is a plain object of JSON. */
function asSerialized(record: unknown): Uint8Array {
  return record as Uint8Array;
}
