import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";
import { askLockAt, type ChatLimits, newChatsHeldUntil, restrictionOf } from "#domain/chat-limits.ts";
import type { Outgoing } from "#domain/content.ts";
import type { SendHold, SendResult } from "#domain/session.ts";
import type { sleep } from "#lib/sleep.ts";
import type { MessageStore } from "#store/messages.ts";
import { BoundedMap } from "../bounded-map.ts";
import { createKnownLimits, type KnownLimitsDeps } from "./known-limits.ts";
import { createLookAgain, type LookAgain } from "./look-again.ts";
import { jidsOf, keyOf, personNames, type PersonNames, type PersonNamesDeps } from "./person-names.ts";
import { holdsToken } from "./tokens.ts";
import { askAgainMs, lockOf, lockToldIn, quotaOf } from "./words.ts";

/** What knowing about new chats works with. */
export interface NewChatsDeps extends KnownLimitsDeps, PersonNamesDeps {
  readonly messages: Pick<MessageStore, "hasInbound">;
  readonly sleep: typeof sleep;
}

/** The parts of a socket that are asked. */
type AskedSocket = Pick<
  WASocket,
  "fetchAccountReachoutTimelock" | "fetchNewChatMessageCap" | "authState" | "ev" | "ws"
>;

/** Whom each account may write to first, and until when it may not. One for all instances of a process. */
export interface NewChats {
  /** Takes in what this connection tells, and asks whether what is known still holds: once it is open, and at each end. */
  readonly watch: (instanceId: string, sock: AskedSocket, signal: AbortSignal) => void;
  readonly limits: (instanceId: string) => Promise<ChatLimits>;
  /** Why this message may not go now. WhatsApp is asked only when a lock has just run out: it may hold on. */
  readonly holds: (
    input: { readonly instanceId: string; readonly outgoing: Outgoing },
    sock: AskedSocket | undefined,
  ) => Promise<SendHold | undefined>;
  /**
   * A message was refused as those of a locked account are: asks whether it is one. WhatsApp that does not answer leaves
   * it at what was known.
   */
  readonly isLocked: (instanceId: string, sock: AskedSocket) => Promise<boolean>;
  /**
   * WhatsApp refused to begin a chat: asks why, and answers the refusal with the end of the restriction when there is one.
   * Any other result comes back as it is. `hasAsked`: about the lock it was asked meanwhile, by `isLocked`.
   */
  readonly explained: (
    input: {
      readonly instanceId: string;
      readonly outgoing: Outgoing;
      readonly result: SendResult;
      readonly hasAsked: boolean;
    },
    sock: AskedSocket,
  ) => Promise<SendResult>;
  /** The instance is gone, or its session ends. */
  readonly forget: (instanceId: string) => void;
}

/** WhatsApp protocol: each try to begin a chat counts as another one; this much is left between two to the same person. */
const betweenTriesMs = 60_000;
const maxChats = 10_000;

/** What a process remembers of an account beside its limits. */
interface Memory {
  /** Chats that were refused lately, with the time. */
  readonly refused: BoundedMap<string, number>;
  /** When the last of them was. */
  refusedAt: number;
  /** A question about the lock that is under way. */
  asking: Promise<void> | undefined;
  /** How often WhatsApp told of the lock by itself. */
  notices: number;
  looking: LookAgain | undefined;
}

/** Nothing is known before it is read from the store. */
export function createNewChats(deps: NewChatsDeps): NewChats {
  const { clock, log } = deps;
  const known = createKnownLimits(deps);
  const memories = new Map<string, Memory>();

  function memoryOf(instanceId: string): Memory {
    const there = memories.get(instanceId);
    if (there !== undefined) return there;
    const made: Memory = {
      refused: new BoundedMap<string, number>({ limit: maxChats, ttlMs: betweenTriesMs, clock }),
      refusedAt: Number.NEGATIVE_INFINITY,
      asking: undefined,
      notices: 0,
      looking: undefined,
    };
    memories.set(instanceId, made);
    return made;
  }

  async function change(instanceId: string, edit: (limits: ChatLimits) => ChatLimits): Promise<void> {
    await known.change(instanceId, edit);
    memoryOf(instanceId).looking?.set(await known.get(instanceId));
  }

  const locked = (instanceId: string, told: Parameters<typeof lockOf>[0]): Promise<void> =>
    change(instanceId, ({ lock: _former, ...rest }) => {
      const lock = lockOf(told, clock.now());
      return lock === undefined ? rest : { ...rest, lock };
    });
  const capped = (instanceId: string, told: Parameters<typeof quotaOf>[0]): Promise<void> =>
    change(instanceId, (limits) => ({ ...limits, quota: quotaOf(told) }));

  /**
   * Asks about the lock, once at a time. What WhatsApp tells by itself meanwhile is newer than the answer, which is
   * dropped then. Throws when WhatsApp does not answer.
   */
  function askLock(instanceId: string, sock: AskedSocket): Promise<void> {
    const memory = memoryOf(instanceId);
    memory.asking ??= (async () => {
      try {
        const { notices } = memory;
        const answer = await sock.fetchAccountReachoutTimelock();
        if (memory.notices === notices) await locked(instanceId, answer);
      } finally {
        memory.asking = undefined;
      }
    })();
    return memory.asking;
  }

  async function askQuota(instanceId: string, sock: AskedSocket): Promise<void> {
    await capped(instanceId, await sock.fetchNewChatMessageCap());
  }

  /** As `askLock`; without an answer what was known stays. */
  async function askWhy(instanceId: string, sock: AskedSocket): Promise<void> {
    await askLock(instanceId, sock).catch((error: unknown) =>
      log.warn({ instanceId, what: "lock", error }, "WhatsApp did not say why"),
    );
  }

  /**
   * WhatsApp protocol: many locks name no end, and a try under a lock makes it worse. So a lock that has run out is over
   * only when WhatsApp says so; while it does not answer, the lock goes on.
   */
  async function askWhetherOver(instanceId: string, sock: AskedSocket): Promise<void> {
    try {
      await askLock(instanceId, sock);
    } catch (error) {
      log.warn({ instanceId, error }, "WhatsApp did not say whether new chats are still locked");
      await change(instanceId, ({ lock, ...rest }) =>
        lock === undefined ? rest : { ...rest, lock: { ...lock, askAt: clock.now() + askAgainMs } },
      );
    }
  }

  /** Asks about what may be over: a lock also long before its end, when it may have been lifted while nobody listened. */
  async function look(instanceId: string, sock: AskedSocket, hasOpened: boolean): Promise<void> {
    const { lock, quota } = await known.get(instanceId);
    const now = clock.now();
    if (lock !== undefined && (hasOpened || (askLockAt({ lock }) ?? 0) <= now)) await askWhetherOver(instanceId, sock);
    if (quota !== undefined && isOver(quota, now)) {
      await askQuota(instanceId, sock).catch((error: unknown) =>
        log.warn({ instanceId, what: "quota", error }, "WhatsApp did not say what may be begun"),
      );
    }
    // Also sets the next look, and tells what could not be told before. A quota that is over says nothing any more.
    await change(instanceId, ({ quota: last, ...rest }) =>
      last === undefined || isOver(last, clock.now()) ? rest : { ...rest, quota: last },
    );
  }

  return {
    watch: (instanceId, sock, signal) => {
      const take = async (work: () => Promise<void>): Promise<void> => {
        if (signal.aborted) return;
        await work().catch((error: unknown) => log.error({ instanceId, error }, "limits of new chats not taken in"));
      };
      sock.ws.on("CB:notification,type:mex", (node: BinaryNode) => {
        const told = lockToldIn(node);
        if (told === undefined) return;
        memoryOf(instanceId).notices += 1;
        void take(() => locked(instanceId, told));
      });
      sock.ev.on("message-capping.update", (told) => void take(() => capped(instanceId, told)));
      const again = createLookAgain(deps, () => take(() => look(instanceId, sock, false)), signal);
      sock.ev.on("connection.update", ({ connection }) => {
        if (connection !== "open") return;
        void take(async () => {
          memoryOf(instanceId).looking = again;
          await known.reread(instanceId);
          await look(instanceId, sock, true);
        });
      });
    },
    limits: async (instanceId) => await known.get(instanceId),
    holds: async ({ instanceId, outgoing }, sock) => {
      const { refused, refusedAt } = memoryOf(instanceId);
      const before = await known.get(instanceId);
      const isRestricted = restrictionOf(before, clock.now()) !== undefined;
      if (!isRestricted && refusedAt + betweenTriesMs <= clock.now()) return undefined;
      const names = await personNames(deps, instanceId, outgoing.to);
      if (names === undefined) return undefined;
      const pausedUntil = (refused.get(keyOf(names)) ?? Number.NEGATIVE_INFINITY) + betweenTriesMs;
      if (isRestricted && (await isNew(names))) {
        const isDue = newChatsHeldUntil(await known.get(instanceId), clock.now()) === undefined;
        if (isDue && sock !== undefined) await askWhetherOver(instanceId, sock);
        const limits = await known.get(instanceId);
        const until = newChatsHeldUntil(limits, clock.now());
        if (until !== undefined) return { until, reason: "restriction", ...endOf(limits) };
      }
      return pausedUntil > clock.now() ? { until: pausedUntil, reason: "pause" } : undefined;

      async function isNew(person: PersonNames): Promise<boolean> {
        const chatIds = jidsOf(person);
        if (await deps.messages.hasInbound({ instanceId, chatIds })) return false;
        return sock === undefined || !(await holdsToken(sock.authState.keys, chatIds, clock.now()));
      }
    },
    isLocked: async (instanceId, sock) => {
      await askWhy(instanceId, sock);
      return (await known.get(instanceId)).lock !== undefined;
    },
    explained: async ({ instanceId, outgoing, result, hasAsked }, sock) => {
      if (result.outcome !== "rejected" || (result.code !== 463 && result.code !== 475)) return result;
      const names = await personNames(deps, instanceId, outgoing.to);
      if (names !== undefined) {
        const memory = memoryOf(instanceId);
        memory.refusedAt = clock.now();
        memory.refused.set(keyOf(names), memory.refusedAt);
      }
      // WhatsApp protocol: 463 is the lock (or a missing token), 475 the quota that is used up.
      if (result.code === 463 && !hasAsked) await askWhy(instanceId, sock);
      if (newChatsHeldUntil(await known.get(instanceId), clock.now()) === undefined) {
        await askQuota(instanceId, sock).catch((error: unknown) =>
          log.warn({ instanceId, what: "quota", error }, "WhatsApp did not say why"),
        );
      }
      const limits = await known.get(instanceId);
      const until = newChatsHeldUntil(limits, clock.now());
      return until === undefined ? result : { ...result, until, ...endOf(limits) };
    },
    forget: (instanceId) => {
      known.forget(instanceId);
      memories.delete(instanceId);
    },
  };

  function endOf(limits: ChatLimits): { readonly endsAt?: number } {
    const end = restrictionOf(limits, clock.now())?.until;
    return end === undefined ? {} : { endsAt: end };
  }
}

/** Whether the cycle is over in which this quota was used up. */
function isOver({ status, endsAt }: NonNullable<ChatLimits["quota"]>, now: number): boolean {
  return status === "CAPPED" && endsAt !== undefined && endsAt <= now;
}
