/** What WhatsApp lets an account do with people who have not written to it, as far as it has said so. */
export interface ChatLimits {
  /** New chats are locked until WhatsApp says that they are not. */
  readonly lock?: NewChatsLock;
  /** New chats that may be begun in a cycle. `endsAt` is epoch milliseconds; `status` is WhatsApp's word. */
  readonly quota?: {
    readonly total?: number;
    readonly used?: number;
    readonly endsAt?: number;
    readonly status: string;
  };
  /** What customers were told last; undefined: nothing, or that new chats may be begun. */
  readonly told?: NewChatsRestriction;
}

/** A lock on new chats. */
export interface NewChatsLock {
  /** WhatsApp's word for why. */
  readonly kind: string;
  /** Its end (epoch milliseconds), when WhatsApp names one; then it is asked whether the lock is over. */
  readonly until?: number;
  /** When WhatsApp is asked (again), where no end says so (epoch milliseconds). */
  readonly askAt?: number;
}

/** What keeps an account from new chats. */
export interface NewChatsRestriction {
  /** WhatsApp's word for the lock, or `CAPPED` when the quota of new chats is used up. */
  readonly kind: string;
  /** Its end (epoch milliseconds); undefined while none is known. */
  readonly until?: number;
}

/** WhatsApp protocol: the word of a quota that is used up. */
const cappedStatus = "CAPPED";

/**
 * What keeps the account from new chats, undefined when nothing does. A lock that has run out is still one, without a
 * known end: only WhatsApp says that it is over.
 */
export function restrictionOf(limits: ChatLimits, now: number): NewChatsRestriction | undefined {
  const { lock } = limits;
  const cappedUntil = quotaEnd(limits, now);
  if (lock === undefined) return cappedUntil === undefined ? undefined : { kind: cappedStatus, until: cappedUntil };
  const { kind, until } = lock;
  if (until === undefined || until <= now) return { kind };
  return cappedUntil !== undefined && cappedUntil > until
    ? { kind: cappedStatus, until: cappedUntil }
    : { kind, until };
}

/**
 * Until when new chats have to wait (epoch milliseconds) before WhatsApp is asked or the quota begins anew; undefined
 * when nothing is in their way at `now`, or the lock has run out and has to be asked about.
 */
export function newChatsHeldUntil(limits: ChatLimits, now: number): number | undefined {
  const until = Math.max(askLockAt(limits) ?? 0, quotaEnd(limits, now) ?? 0);
  return until > now ? until : undefined;
}

/** When WhatsApp is to be asked whether the lock is over (epoch milliseconds); undefined without a lock. */
export function askLockAt({ lock }: ChatLimits): number | undefined {
  return lock === undefined ? undefined : Math.max(lock.until ?? 0, lock.askAt ?? 0);
}

/** The end of a quota that is used up (epoch milliseconds), when it is still to come. */
function quotaEnd({ quota }: ChatLimits, now: number): number | undefined {
  const end = quota?.status === cappedStatus ? quota.endsAt : undefined;
  return end !== undefined && end > now ? end : undefined;
}
