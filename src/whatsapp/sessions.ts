import type { WAMessageKey } from "@whiskeysockets/baileys";
import { newChatsHeldUntil } from "#domain/chat-limits.ts";
import { WazapiError } from "#domain/errors.ts";
import { isPaired } from "#domain/instance.ts";
import type { Sender, SessionControl } from "#domain/session.ts";
import { sleep } from "#lib/sleep.ts";
import type { ChatLimitsStore } from "#store/chat-limits.ts";
import { quietLibsignal } from "#lib/quiet-libsignal.ts";
import { asItIs } from "./abandoned-pairing.ts";
import { changeProfile, readProfile } from "./account.ts";
import { addressHere } from "./addressing/address.ts";
import { BoundedMap } from "./bounded-map.ts";
import { createAskedAuthors } from "./intake/asked-authors.ts";
import type { LiveSocket } from "./live-socket.ts";
import { defaultSessionsOptions, type SessionsOptions } from "./options.ts";
import { deleteMessage, readMessages } from "./message-actions.ts";
import { requestPairingCode } from "./pairing-code.ts";
import { passkeyControl, refuseDuringPasskey } from "./passkey/control.ts";
import type { Recipient } from "./recipient.ts";
import type { NewChatsNews } from "./restriction/known-limits.ts";
import { createNewChats } from "./restriction/new-chats.ts";
import { keepEdit } from "./send/keep-edit.ts";
import { sendMessage } from "./send/send-message.ts";
import { createSession, type Session } from "./session.ts";
import type { SessionDeps } from "./session-deps.ts";

/** All sessions of this process. Disposing closes every socket without a logout; pairing stays. */
export interface Sessions extends SessionControl, Sender, AsyncDisposable {
  /** Starts every paired instance nobody else drives. Resolves once all have been tried; answers how many were started. */
  readonly startAll: (signal: AbortSignal) => Promise<number>;
  /** Instances whose session this process drives. */
  readonly owned: () => readonly string[];
  readonly connectedCount: () => number;
  /** The connected socket of an instance. */
  readonly openSocket: (instanceId: string) => LiveSocket | undefined;
  /**
   * Hands journal rows older than `olderThanMs` that have no event yet to the pipeline; answers how many. Every start
   * does it too: this is for the worker that looks for gaps. 0 when this process does not drive the instance.
   */
  readonly replayJournal: (
    input: { readonly instanceId: string; readonly olderThanMs: number },
    signal: AbortSignal,
  ) => Promise<number>;
  /** Whether new chats of an instance that this process drives have to wait now. */
  readonly holdsNewChats: (instanceId: string) => Promise<boolean>;
  /** Asks to be told when this contact comes and goes. Throws `not_connected`. */
  readonly subscribePresence: (instanceId: string, jid: string) => Promise<void>;
  /** Tells the senders that these messages were read, as far as the account's privacy lets it. Throws `not_connected`. */
  readonly markRead: (instanceId: string, keys: readonly WAMessageKey[]) => Promise<void>;
  /** Declines a ringing call. Throws `not_connected`. */
  readonly rejectCall: (instanceId: string, call: { readonly callId: string; readonly from: string }) => Promise<void>;
}

/** What all of them work with. */
export interface SessionsDeps extends SessionDeps {
  readonly chatLimits: ChatLimitsStore;
  /** The end of what keeps this instance from new chats is another one than was known. Must not throw. */
  readonly newChatsEndMoved?: (instanceId: string) => void;
  /** How customers are told what keeps an account from new chats; without it nobody is. */
  readonly newChatsNews?: NewChatsNews;
}

/**
 * The sessions of this process: one socket per instance it holds the lease of. Nothing is started yet. `signal` ends
 * every wait of a caller; the sessions themselves live until they are disposed.
 */
export function createSessions(deps: SessionsDeps, overrides: Partial<SessionsOptions>, signal: AbortSignal): Sessions {
  quietLibsignal();
  const options: SessionsOptions = { ...defaultSessionsOptions, ...overrides };
  const sessions = new Map<string, Promise<Session>>();
  /** The same sessions once they exist, for questions that cannot wait. */
  const ready = new Map<string, Session>();
  const recipients = new Map<string, BoundedMap<string, Recipient>>();
  const newChats = createNewChats({
    ...deps,
    sleep,
    ...(deps.newChatsEndMoved === undefined ? {} : { endMoved: deps.newChatsEndMoved }),
  });
  const asked = createAskedAuthors();
  let closing = false;

  /** The session of this instance, made when there is none. Throws `instance_not_found`. */
  function sessionOf(instanceId: string): Promise<Session> {
    const existing = sessions.get(instanceId);
    if (existing !== undefined) return existing;
    const made = make(instanceId);
    sessions.set(instanceId, made);
    // An unknown instance may be created later.
    made.catch(() => sessions.delete(instanceId));
    return made;
  }

  async function make(instanceId: string): Promise<Session> {
    if (closing) throw new WazapiError("shutting_down");
    const instance = await deps.instances.get({ instanceId });
    if (instance === undefined) throw new WazapiError("instance_not_found");
    const session = createSession({ ...deps, newChats, asked: asked.of(instanceId) }, instance, options);
    ready.set(instanceId, session);
    return session;
  }

  async function openSocketOf(instanceId: string): Promise<LiveSocket> {
    const socket = (await sessionOf(instanceId)).open();
    if (socket === undefined) throw new WazapiError("not_connected");
    return socket;
  }

  function recipientsOf(instanceId: string): BoundedMap<string, Recipient> {
    const known = recipients.get(instanceId);
    if (known !== undefined) return known;
    const made = new BoundedMap<string, Recipient>({
      limit: options.maxCachedRecipients,
      ttlMs: options.recipientTtlMs,
      clock: deps.clock,
    });
    recipients.set(instanceId, made);
    return made;
  }

  async function forget(instanceId: string): Promise<void> {
    const session = await sessions.get(instanceId);
    sessions.delete(instanceId);
    ready.delete(instanceId);
    recipients.delete(instanceId);
    newChats.forget(instanceId);
    await session?.[Symbol.asyncDispose]();
  }

  return {
    start: async (instanceId) => (await sessionOf(instanceId)).apply({ type: "start" }),
    restart: async (instanceId) => (await sessionOf(instanceId)).apply({ type: "restart" }),
    logout: async (instanceId) => (await sessionOf(instanceId)).apply({ type: "logout" }),
    stop: async (instanceId) => {
      await (await sessionOf(instanceId)).apply({ type: "stop", reason: "stopped" });
      await forget(instanceId);
    },
    view: async (instanceId) => {
      const session = ready.get(instanceId);
      if (session?.view().owned === true) return { ...session.view(), newChats: await newChats.limits(instanceId) };
      const instance = await deps.instances.get({ instanceId });
      if (instance === undefined) throw new WazapiError("instance_not_found");
      // Another process may have learnt more since.
      const limits = await deps.chatLimits.get({ instanceId });
      const connection = await asItIs(deps, { instanceId, connection: instance.connection });
      return { connection, owned: false, ...(limits === undefined ? {} : { newChats: limits }) };
    },
    holdsNewChats: async (instanceId) =>
      newChatsHeldUntil(await newChats.limits(instanceId), deps.clock.now()) !== undefined,
    qr: async (instanceId, waitSignal) => {
      const session = await sessionOf(instanceId);
      if (session.state().paired) throw new WazapiError("already_paired");
      await session.apply({ type: "start" });
      if (session.state().paired) throw new WazapiError("already_paired");
      refuseDuringPasskey(session);
      const ticket = await session.ticket(AbortSignal.any([signal, waitSignal]));
      refuseDuringPasskey(session);
      if (ticket === undefined) throw new WazapiError("timeout");
      return ticket;
    },
    pairingCode: async (input, waitSignal) => {
      const session = await sessionOf(input.instanceId);
      return await requestPairingCode(session, input, AbortSignal.any([signal, waitSignal]));
    },
    ...passkeyControl({ get: sessionOf }),
    profile: async (instanceId) => await readProfile(await openSocketOf(instanceId)),
    setProfile: async (instanceId, change) => changeProfile(await openSocketOf(instanceId), change),
    deleteMessage: async (input, waitSignal) => {
      const { instanceId } = input;
      const at = { socket: await openSocketOf(instanceId), timeoutMs: options.queryTimeoutMs };
      const either = AbortSignal.any([signal, waitSignal]);
      await deleteMessage({ ...deps, known: recipientsOf(instanceId) }, { ...input, ...at }, either);
    },
    readMessages: async (input) => {
      const { instanceId } = input;
      const socket = await openSocketOf(instanceId);
      await readMessages({ ...deps, known: recipientsOf(instanceId) }, { ...input, socket });
    },
    isOpen: (instanceId) => ready.get(instanceId)?.open()?.sock.ws.isOpen === true,
    untilOpen: async (instanceId, waitSignal) => {
      const either = AbortSignal.any([signal, waitSignal]);
      const session = await sessionOf(instanceId).catch(() => {});
      // An instance that is gone never opens.
      await (session?.untilOpen(either) ?? sleep(foreverMs, either));
    },
    holds: (input) => newChats.holds(input, ready.get(input.instanceId)?.open()?.sock),
    typing: async (instanceId, to, state) => {
      const socket = ready.get(instanceId)?.open();
      if (socket === undefined) return;
      // Best effort: a message must not wait for, or fail with, its typing indicator.
      await addressHere({ ...deps, known: recipientsOf(instanceId) }, { instanceId, socket, to })
        .then(({ jid }) => socket.sock.sendPresenceUpdate(state, jid))
        .catch((error: unknown) => deps.log.debug({ instanceId, error }, "typing not shown"));
    },
    send: async (input, sendSignal) => {
      const socket = ready.get(input.instanceId)?.open();
      if (socket === undefined) return { outcome: "unknown", kind: "disconnected", error: "not connected" };
      const { instanceId } = input;
      let hasAsked = false;
      const isLocked = (): Promise<boolean> => {
        hasAsked = true;
        return newChats.isLocked(instanceId, socket.sock);
      };
      const sending = { ...deps, known: recipientsOf(instanceId), isLocked };
      const result = await sendMessage(sending, { ...input, socket }, sendSignal);
      if (result.outcome === "acked") {
        await keepEdit(deps, { instanceId, socket, content: input.outgoing.content, proto: result.proto });
      }
      return await newChats.explained({ ...input, result, hasAsked }, socket.sock);
    },
    startAll: (startSignal) => startAll(AbortSignal.any([signal, startSignal])),
    owned: () => [...ready].flatMap(([instanceId, session]) => (session.view().owned ? [instanceId] : [])),
    connectedCount: () => [...ready.values()].filter((session) => session.open() !== undefined).length,
    openSocket: (instanceId) => ready.get(instanceId)?.open(),
    replayJournal: async ({ instanceId, olderThanMs }, replaySignal) =>
      (await ready.get(instanceId)?.replay(olderThanMs, AbortSignal.any([signal, replaySignal]))) ?? 0,
    subscribePresence: async (instanceId, jid) => (await openSocketOf(instanceId)).sock.presenceSubscribe(jid),
    markRead: async (instanceId, keys) => (await openSocketOf(instanceId)).sock.readMessages([...keys]),
    rejectCall: async (instanceId, { callId, from }) => (await openSocketOf(instanceId)).sock.rejectCall(callId, from),
    [Symbol.asyncDispose]: async () => {
      closing = true;
      await Promise.allSettled([...sessions.keys()].map(forget));
    },
  };

  async function startAll(startSignal: AbortSignal): Promise<number> {
    const waiting: string[] = [];
    for (let offset = 0; ; offset += pageSize) {
      const { instances } = await deps.instances.list({ offset, limit: pageSize });
      waiting.push(...instances.filter(({ connection }) => isPaired(connection)).map(({ id }) => id));
      if (instances.length < pageSize) break;
    }
    let started = 0;
    const worker = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined && !startSignal.aborted; id = waiting.shift()) {
        try {
          await (await sessionOf(id)).apply({ type: "start" });
          started += 1;
        } catch (error) {
          deps.log.warn({ instanceId: id, error }, "session not started");
        }
      }
    };
    await Promise.all(Array.from({ length: options.startConcurrency }, worker));
    return started;
  }
}

const pageSize = 100;
/** The longest wait a timer takes. */
const foreverMs = 2 ** 31 - 1;
