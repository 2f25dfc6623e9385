/** What WhatsApp lets an account do with people who have not written to it, as far as it has said so. */
export interface ChatLimits {
  /** New chats are locked until then (epoch milliseconds). `kind` is WhatsApp's word for why. */
  readonly lock?: { readonly until: number; readonly kind: string };
  /** New chats that may be begun in a cycle. `endsAt` is epoch milliseconds; `status` is WhatsApp's word. */
  readonly quota?: {
    readonly total?: number;
    readonly used?: number;
    readonly endsAt?: number;
    readonly status: string;
  };
}

/** WhatsApp protocol: the word of a quota that is used up. */
const cappedStatus = "CAPPED";

/** Until when new chats have to wait (epoch milliseconds); undefined when they may be begun at `now`. */
export function newChatsLockedUntil({ lock, quota }: ChatLimits, now: number): number | undefined {
  const until = Math.max(lock?.until ?? 0, quota?.status === cappedStatus ? (quota.endsAt ?? 0) : 0);
  return until > now ? until : undefined;
}
