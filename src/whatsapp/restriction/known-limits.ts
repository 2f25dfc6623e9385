import type { CapturedNewChats } from "#domain/captured.ts";
import { type ChatLimits, newChatsHeldUntil, type NewChatsRestriction, restrictionOf } from "#domain/chat-limits.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { ChatLimitsStore } from "#store/chat-limits.ts";
import type { NewEvent } from "#store/records.ts";

/** How customers are told of a change. */
export interface NewChatsNews {
  /** The events that tell of it: of an instance that is gone none. */
  readonly eventsOf: (instanceId: string, captured: CapturedNewChats) => Promise<readonly NewEvent[]>;
  /** They are stored, and can be delivered. Must not throw. */
  readonly stored: (instanceId: string) => void;
}

/** What it works with. */
export interface KnownLimitsDeps {
  readonly chatLimits: ChatLimitsStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly newChatsNews?: NewChatsNews;
  /** What waits for new chats of this instance waits for another end than was known, or for none. Must not throw. */
  readonly endMoved?: (instanceId: string) => void;
}

/** The limits of accounts as this process knows them, kept in the store. One for all instances of a process. */
export interface KnownLimits {
  readonly get: (instanceId: string) => Promise<ChatLimits>;
  /**
   * Changes what is known, stores it and, in the same transaction, tells of what keeps the account from new chats when
   * that is not what was told last. One after the other; never rejects for what could not be stored: the next change
   * tells it.
   */
  readonly change: (instanceId: string, edit: (limits: ChatLimits) => ChatLimits) => Promise<void>;
  /** Another process may have had the account meanwhile. */
  readonly reread: (instanceId: string) => Promise<void>;
  readonly forget: (instanceId: string) => void;
}

interface Known {
  limits: ChatLimits;
  /** A write failed, and may have been stored all the same. */
  isUnsure: boolean;
  /** Changes, one after the other. */
  line: Promise<void>;
}

/** Nothing is known before it is read from the store. */
export function createKnownLimits(deps: KnownLimitsDeps): KnownLimits {
  const { chatLimits, clock, log } = deps;
  const known = new Map<string, Promise<Known>>();

  function knownOf(instanceId: string): Promise<Known> {
    const there = known.get(instanceId);
    if (there !== undefined) return there;
    const read = chatLimits.get({ instanceId }).then((limits = {}) => ({
      limits,
      isUnsure: false,
      line: Promise.resolve(),
    }));
    known.set(instanceId, read);
    // A database that cannot be read now is asked again.
    read.catch(() => known.delete(instanceId));
    return read;
  }

  async function inLine(instanceId: string, work: (about: Known) => Promise<void>): Promise<void> {
    const about = await knownOf(instanceId);
    const done = about.line.then(() => work(about));
    about.line = done.catch(() => {});
    await done;
  }

  async function apply(instanceId: string, about: Known, edit: (limits: ChatLimits) => ChatLimits): Promise<void> {
    const now = clock.now();
    const before = about.isUnsure ? await withStoredWord(instanceId, about.limits) : about.limits;
    const limits = edit(before);
    const restriction = tellable(limits, now);
    const isNews = !isSame(restriction, limits.told);
    if (!isNews && JSON.stringify(limits) === JSON.stringify(before)) return;
    // It holds from now on, stored or not; told it is once it is stored.
    about.limits = limits;
    log.warn({ instanceId, ...restriction, quota: limits.quota }, "limits of new chats changed");
    try {
      const captured: CapturedNewChats = { kind: "newChats", ...(restriction && { restriction }), at: now };
      const events = isNews ? ((await deps.newChatsNews?.eventsOf(instanceId, captured)) ?? []) : [];
      const { told: _former, ...rest } = limits;
      const stored: ChatLimits = { ...rest, ...(restriction && { told: restriction }) };
      await chatLimits.put({ instanceId, limits: stored, events, now });
      about.limits = stored;
      about.isUnsure = false;
      if (events.length > 0) deps.newChatsNews?.stored(instanceId);
    } catch (error) {
      about.isUnsure = true;
      log.error({ instanceId, error }, "limits of new chats not stored");
    }
    const heldBefore = newChatsHeldUntil(before, now);
    const held = newChatsHeldUntil(limits, now);
    if (heldBefore === undefined) return;
    // When WhatsApp is asked next moves with every answer; what waits learns of it when its own time comes.
    const isOtherEnd = restrictionOf(before, now)?.until !== restrictionOf(limits, now)?.until;
    if (isOtherEnd || held === undefined || held < heldBefore) deps.endMoved?.(instanceId);
  }

  /** As they are, with what the store says that customers were told. */
  async function withStoredWord(instanceId: string, { told: _unsure, ...rest }: ChatLimits): Promise<ChatLimits> {
    const told = (await chatLimits.get({ instanceId }))?.told;
    return { ...rest, ...(told && { told }) };
  }

  return {
    get: async (instanceId) => (await knownOf(instanceId)).limits,
    change: (instanceId, edit) => inLine(instanceId, (about) => apply(instanceId, about, edit)),
    reread: (instanceId) =>
      inLine(instanceId, async (about) => {
        // What could not be stored holds all the same.
        if (!about.isUnsure) about.limits = (await chatLimits.get({ instanceId })) ?? {};
      }),
    forget: (instanceId) => void known.delete(instanceId),
  };
}

/** Of a lock that has just run out nothing new is known before WhatsApp was asked. */
function tellable(limits: ChatLimits, now: number): NewChatsRestriction | undefined {
  const { lock, told } = limits;
  return lock?.until !== undefined && lock.until <= now ? told : restrictionOf(limits, now);
}

function isSame(one: NewChatsRestriction | undefined, other: NewChatsRestriction | undefined): boolean {
  return one?.kind === other?.kind && one?.until === other?.until;
}
