import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "../bounded-map.ts";

/** How often requests are answered. */
export interface RetryOptions {
  /** In one chat an answer leaves every so many milliseconds, after a first few at once. */
  readonly answerEveryMs: number;
  /** Older messages are not sent again, milliseconds. */
  readonly maxAgeMs: number;
}

/** What suits the real WhatsApp: less than the sixty copies of a group message in a minute that lock an account. */
export const defaultRetryOptions: RetryOptions = { answerEveryMs: 1_200, maxAgeMs: 14 * 86_400_000 };

/** Whether a request is answered; `tooMany`: so much of the group asks that the next message brings the key to all. */
export type Admission = "answered" | "tooOften" | "tooMany";

/** What is remembered of requests, so that answers stay few. One for the whole life of a session. */
export interface RetryLedger {
  /** Counts a request for one message. `members`: of the group, when known. */
  readonly admit: (request: {
    readonly chat: string;
    readonly id: string;
    readonly asker: string;
    readonly count: number;
    readonly members?: number;
  }) => Admission;
  /** Takes a place in the line of a chat: milliseconds until its answer may leave. */
  readonly reserve: (chat: string, isShared: boolean) => number;
  /** This message is being taken back: from now on it is not sent again, whatever the store says. */
  readonly withdraw: (messageId: string) => void;
  readonly isWithdrawn: (messageId: string) => boolean;
  /** It was not taken back after all. */
  readonly restore: (messageId: string) => void;
}

/** WhatsApp protocol: after five tries a device gives a message up. */
const maxPerDevice = 5;
/** Beyond this part of a group, and this many members, its members are not answered one by one any more. */
const maxShare = 0.25;
const alwaysAnswered = 32;
/** Answers that may leave at once. */
const burst = { shared: 5, direct: 20 };

const remembered = { requests: 5_000, messages: 500, chats: 500, withdrawn: 1_000 };
const hourMs = 3_600_000;

/** A ledger that remembers nothing yet; everything in it is bounded. */
export function createRetryLedger(clock: Clock, options: Pick<RetryOptions, "answerEveryMs">): RetryLedger {
  const { answerEveryMs } = options;
  const perDevice = new BoundedMap<string, number>({ limit: remembered.requests, ttlMs: hourMs, clock });
  const askers = new BoundedMap<string, Set<string>>({ limit: remembered.messages, ttlMs: hourMs, clock });
  /** When the last answer of a chat is due that has a place in the line. */
  const lines = new BoundedMap<string, number>({ limit: remembered.chats });
  const withdrawn = new BoundedMap<string, true>({ limit: remembered.withdrawn });

  return {
    admit: ({ chat, id, asker, count, members }) => {
      const answers = Math.max((perDevice.get(`${id} ${asker}`) ?? 0) + 1, count);
      perDevice.set(`${id} ${asker}`, answers);
      if (answers > maxPerDevice) return "tooOften";
      if (members === undefined) return "answered";
      const limit = Math.max(alwaysAnswered, Math.floor(members * maxShare));
      const known = askers.get(`${id} ${chat}`) ?? new Set<string>();
      askers.set(`${id} ${chat}`, known);
      if (known.has(asker)) return "answered";
      if (known.size >= limit) return "tooMany";
      known.add(asker);
      return "answered";
    },
    reserve: (chat, isShared) => {
      const now = clock.monotonicMs();
      const due = Math.max(lines.get(chat) ?? now, now);
      lines.set(chat, due + answerEveryMs);
      return Math.max(0, due - (isShared ? burst.shared : burst.direct) * answerEveryMs + answerEveryMs - now);
    },
    withdraw: (messageId) => withdrawn.set(messageId, true),
    isWithdrawn: (messageId) => withdrawn.get(messageId) === true,
    restore: (messageId) => withdrawn.delete(messageId),
  };
}
