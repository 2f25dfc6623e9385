import type { BaileysEventMap, WASocket } from "@whiskeysockets/baileys";
import { type ChatLimits, newChatsLockedUntil } from "#domain/chat-limits.ts";
import type { Outgoing } from "#domain/content.ts";
import { canonicalJid, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { SendHold, SendResult } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { ChatLimitsStore } from "#store/chat-limits.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import { BoundedMap } from "../bounded-map.ts";
import { holdsToken } from "./tokens.ts";
import { lockOf, quotaOf } from "./words.ts";

/** What knowing about new chats works with. */
export interface NewChatsDeps {
  readonly chatLimits: ChatLimitsStore;
  readonly messages: Pick<MessageStore, "hasInbound">;
  readonly directory: Pick<DirectoryStore, "phoneOf" | "lidOf">;
  readonly clock: Clock;
  readonly log: Log;
  /** New chats of this instance may be begun again, earlier than was known. Must not throw. */
  readonly lifted?: (instanceId: string) => void;
}

/** The parts of a socket that are asked. */
type AskedSocket = Pick<WASocket, "fetchAccountReachoutTimelock" | "fetchNewChatMessageCap" | "authState" | "ev">;

/** Whom each account may write to first, and until when it may not. One for all instances of a process. */
export interface NewChats {
  /** Takes in what this connection tells, and asks whether a lock that is known still holds. */
  readonly watch: (instanceId: string, sock: AskedSocket, signal: AbortSignal) => void;
  /** What is known, with locks that are over left out. */
  readonly limits: (instanceId: string) => Promise<ChatLimits>;
  /** Why this message may not go now. WhatsApp is asked only when a lock has just run out: it may hold on. */
  readonly holds: (
    input: { readonly instanceId: string; readonly outgoing: Outgoing },
    sock: AskedSocket | undefined,
  ) => Promise<SendHold | undefined>;
  /**
   * WhatsApp refused to begin a chat: asks why, and answers the refusal with the end of the restriction when there is one.
   * Any other result comes back as it is.
   */
  readonly explained: (
    input: { readonly instanceId: string; readonly outgoing: Outgoing; readonly result: SendResult },
    sock: AskedSocket,
  ) => Promise<SendResult>;
  /** The instance is gone, or its session ends. */
  readonly forget: (instanceId: string) => void;
}

/** WhatsApp protocol: each try to begin a chat counts as another one; this much is left between two to the same person. */
const betweenTriesMs = 60_000;
const maxChats = 10_000;

interface Known {
  limits: ChatLimits;
  /** Writes of limits, one after the other. */
  line: Promise<void>;
  /** Chats that were refused lately, with the time. */
  readonly refused: BoundedMap<string, number>;
}

/** Nothing is known before it is read from the store. */
export function createNewChats(deps: NewChatsDeps): NewChats {
  const { clock, log } = deps;
  const known = new Map<string, Promise<Known>>();

  function knownOf(instanceId: string): Promise<Known> {
    const there = known.get(instanceId);
    if (there !== undefined) return there;
    const read = deps.chatLimits.get({ instanceId }).then((limits = {}) => ({
      limits,
      line: Promise.resolve(),
      refused: new BoundedMap<string, number>({ limit: maxChats, ttlMs: betweenTriesMs, clock }),
    }));
    known.set(instanceId, read);
    // A database that cannot be read now is asked again.
    read.catch(() => known.delete(instanceId));
    return read;
  }

  /** Changes what is known, stores it, and says so when chats may be begun earlier than was known. */
  async function change(instanceId: string, edit: (limits: ChatLimits) => ChatLimits): Promise<void> {
    const about = await knownOf(instanceId);
    const now = clock.now();
    const before = newChatsLockedUntil(about.limits, now);
    const limits = edit(about.limits);
    if (JSON.stringify(limits) === JSON.stringify(about.limits)) return;
    about.limits = limits;
    const until = newChatsLockedUntil(limits, now);
    log.warn({ instanceId, until, kind: limits.lock?.kind, quota: limits.quota }, "limits of new chats changed");
    about.line = about.line
      .then(() => deps.chatLimits.put({ instanceId, limits, now }))
      .catch((error: unknown) => log.error({ instanceId, error }, "limits of new chats not stored"));
    await about.line;
    if (before !== undefined && (until === undefined || until < before)) deps.lifted?.(instanceId);
  }

  const locked = (instanceId: string, told: Parameters<typeof lockOf>[0]): Promise<void> =>
    change(instanceId, ({ lock: _former, ...rest }) => {
      const lock = lockOf(told, clock.now());
      return lock === undefined ? rest : { ...rest, lock };
    });
  const capped = (instanceId: string, told: Parameters<typeof quotaOf>[0]): Promise<void> =>
    change(instanceId, (limits) => ({ ...limits, quota: quotaOf(told) }));

  /** All names of the person whose chat this is; undefined for groups, channels and the status. */
  async function namesOf(instanceId: string, to: string): Promise<{ phone?: string; lid?: string } | undefined> {
    const chat = canonicalJid(to);
    if (isLidJid(chat)) {
      const lid = userOf(chat);
      const phone = await deps.directory.phoneOf({ instanceId, lid });
      return { lid, ...(phone === undefined ? {} : { phone }) };
    }
    if (!isPersonJid(chat)) return undefined;
    const phone = userOf(chat);
    const lid = await deps.directory.lidOf({ instanceId, phone });
    return { phone, ...(lid === undefined ? {} : { lid }) };
  }

  async function ask(instanceId: string, what: string, question: () => Promise<void>): Promise<void> {
    await question().catch((error: unknown) => log.warn({ instanceId, what, error }, "WhatsApp did not say why"));
  }

  /**
   * WhatsApp protocol: many locks name no end, and a try under a lock makes it worse. So a lock that has run out is over
   * only when WhatsApp says so; while it does not answer, the lock goes on.
   */
  async function askWhetherOver(instanceId: string, sock: AskedSocket): Promise<void> {
    try {
      await locked(instanceId, await sock.fetchAccountReachoutTimelock());
    } catch (error) {
      log.warn({ instanceId, error }, "WhatsApp did not say whether new chats are still locked");
      const until = clock.now() + betweenTriesMs;
      await change(instanceId, ({ lock, ...rest }) => ({ ...rest, lock: { kind: lock?.kind ?? "DEFAULT", until } }));
    }
  }

  return {
    watch: (instanceId, sock, signal) => {
      const take = (work: () => Promise<void>): void => {
        if (signal.aborted) return;
        work().catch((error: unknown) => log.error({ instanceId, error }, "limits of new chats not taken in"));
      };
      sock.ev.on("connection.update", ({ reachoutTimeLock, connection }: BaileysEventMap["connection.update"]) => {
        if (reachoutTimeLock !== undefined) take(() => locked(instanceId, reachoutTimeLock));
        if (connection !== "open") return;
        take(async () => {
          // It may have been lifted while nobody listened.
          const { lock } = (await knownOf(instanceId)).limits;
          if (lock === undefined || lock.until <= clock.now() || signal.aborted) return;
          await ask(instanceId, "lock", async () => locked(instanceId, await sock.fetchAccountReachoutTimelock()));
        });
      });
      sock.ev.on("message-capping.update", (told) => take(() => capped(instanceId, told)));
    },
    limits: async (instanceId) => {
      const { limits } = await knownOf(instanceId);
      const { lock, ...rest } = limits;
      return lock === undefined || lock.until <= clock.now() ? rest : limits;
    },
    holds: async ({ instanceId, outgoing }, sock) => {
      const about = await knownOf(instanceId);
      const lockedUntil = (): number | undefined => newChatsLockedUntil(about.limits, clock.now());
      const { lock } = about.limits;
      if (lockedUntil() === undefined && lock === undefined && about.refused.size === 0) return undefined;
      const names = await namesOf(instanceId, outgoing.to);
      if (names === undefined) return undefined;
      const pausedUntil = (about.refused.get(keyOf(names)) ?? Number.NEGATIVE_INFINITY) + betweenTriesMs;
      if ((lockedUntil() !== undefined || lock !== undefined) && (await isNew(names))) {
        if (lockedUntil() === undefined && sock !== undefined) await askWhetherOver(instanceId, sock);
        const until = lockedUntil();
        if (until !== undefined) return { until, reason: "restriction" };
      }
      return pausedUntil > clock.now() ? { until: pausedUntil, reason: "pause" } : undefined;

      async function isNew({ phone, lid }: { readonly phone?: string; readonly lid?: string }): Promise<boolean> {
        const chatIds = [
          ...(phone === undefined ? [] : [personJid(phone)]),
          ...(lid === undefined ? [] : [lidJid(lid)]),
        ];
        if (await deps.messages.hasInbound({ instanceId, chatIds })) return false;
        return sock === undefined || !(await holdsToken(sock.authState.keys, chatIds, clock.now()));
      }
    },
    explained: async ({ instanceId, outgoing, result }, sock) => {
      if (result.outcome !== "rejected" || (result.code !== 463 && result.code !== 475)) return result;
      const about = await knownOf(instanceId);
      const names = await namesOf(instanceId, outgoing.to);
      if (names !== undefined) about.refused.set(keyOf(names), clock.now());
      // WhatsApp protocol: 463 is the lock (or a missing token), 475 the quota that is used up.
      if (result.code === 463) {
        await ask(instanceId, "lock", async () => locked(instanceId, await sock.fetchAccountReachoutTimelock()));
      }
      if (newChatsLockedUntil(about.limits, clock.now()) === undefined) {
        await ask(instanceId, "quota", async () => capped(instanceId, await sock.fetchNewChatMessageCap()));
      }
      const until = newChatsLockedUntil(about.limits, clock.now());
      return until === undefined ? result : { ...result, until };
    },
    forget: (instanceId) => void known.delete(instanceId),
  };
}

function keyOf({ phone, lid }: { readonly phone?: string; readonly lid?: string }): string {
  return phone ?? `lid ${lid}`;
}
