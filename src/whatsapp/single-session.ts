import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalDataSet, SignalKeyStore } from "@whiskeysockets/baileys";

/** The sessions with one address, as libsignal serializes them; the one in use and those before it. */
interface SessionsRecord {
  readonly _sessions: Readonly<Record<string, { readonly indexInfo?: { readonly used?: number } }>>;
}

/** Which of the sessions the present try may see. */
interface Turn {
  index: number;
  sessions: number;
}

/** A key store that can show one session at a time. */
export interface SingleSessions<Keys extends SignalKeyStore> {
  readonly keys: Keys;
  /** Runs `work`, which decrypts one message, with each session of its address alone, the last used first, until one can. */
  readonly singly: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * With several sessions (both sides wrote first, a session was renewed) libsignal tries a message on one after the other.
 * It moves the ratchet of each before it knows whether the message belongs there, and stores all of them when one could
 * read it: those that could not are broken from then on, the one we write with among them. Shown one at a time, a
 * session that cannot read a message stays as it was.
 */
export function singleSessions<Keys extends SignalKeyStore>(keys: Keys): SingleSessions<Keys> {
  const turns = new AsyncLocalStorage<Turn>();
  const get: SignalKeyStore["get"] = async (type, ids) => {
    const found = await keys.get(type, ids);
    const turn = type === "session" ? turns.getStore() : undefined;
    if (turn === undefined) return found;
    for (const id of ids) {
      const record: unknown = found[id];
      if (!isRecord(record)) continue;
      const order = byUse(record);
      turn.sessions = order.length;
      const only = order[turn.index];
      // The same shape as before with fewer sessions in it.
      if (only === undefined) continue;
      const one: unknown = { ...record, _sessions: Object.fromEntries([only]) };
      found[id] = one as (typeof found)[string];
    }
    return found;
  };
  const set: SignalKeyStore["set"] = async (data) => {
    if (turns.getStore() === undefined || data.session === undefined) return await keys.set(data);
    const session: NonNullable<SignalDataSet["session"]> = { ...data.session };
    const before = await keys.get("session", Object.keys(session));
    for (const [id, after] of Object.entries(session)) {
      const all: unknown = before[id];
      if (!isRecord(all) || !isRecord(after)) continue;
      // As above.
      session[id] = { ...(after as object), _sessions: { ...all._sessions, ...after._sessions } } as typeof after;
    }
    await keys.set({ ...data, session });
  };
  return {
    keys: { ...keys, get, set },
    singly: async (work) => {
      const turn: Turn = { index: 0, sessions: 1 };
      for (;;) {
        try {
          return await turns.run(turn, work);
        } catch (error) {
          turn.index += 1;
          if (turn.index >= turn.sessions) throw error;
        }
      }
    },
  };
}

function isRecord(value: unknown): value is SessionsRecord {
  return typeof value === "object" && value !== null && "_sessions" in value && typeof value._sessions === "object";
}

function byUse(record: SessionsRecord): [string, SessionsRecord["_sessions"][string]][] {
  return Object.entries(record._sessions).sort(([, a], [, b]) => (b.indexInfo?.used ?? 0) - (a.indexInfo?.used ?? 0));
}
