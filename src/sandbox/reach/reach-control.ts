/** Why new chats are locked, in WhatsApp's words. */
export const lockKinds = [
  "WEB_COMPANION_ONLY",
  "BIZ_QUALITY",
  "BIZ_COMMERCE_VIOLATION_ALCOHOL",
  "BIZ_COMMERCE_VIOLATION_ADULT",
  "BIZ_COMMERCE_VIOLATION_DRUGS",
  "BIZ_COMMERCE_VIOLATION_GAMBLING",
] as const;

/** What may be begun and what not, as control answers show it. */
export interface ReachInfo {
  readonly number: string;
  /** `until` is epoch milliseconds; absent when the lock has no end of its own. */
  readonly lock?: { readonly until?: number; readonly kind: string };
  readonly quota?: { readonly total: number; readonly used: number; readonly endsAt: number };
}

/** Whom accounts may write to first. */
export interface ReachControl {
  /**
   * Locks new chats of an account until a time (epoch milliseconds), for so many seconds, or until it is released; its
   * devices are told at the beginning and at the end.
   */
  restrict(input: {
    readonly number: string;
    readonly until?: number;
    readonly seconds?: number;
    readonly kind?: string;
  }): Promise<ReachInfo>;
  /** Lifts the lock. */
  release(input: { readonly number: string }): Promise<ReachInfo>;
  /** From now on the account may begin so many chats in a cycle of so many seconds (default: 30 days). */
  newChats(input: {
    readonly number: string;
    readonly total: number;
    readonly used?: number;
    readonly cycleSeconds?: number;
  }): Promise<ReachInfo>;
  /** A person gives an account a new privacy token, by a notification. */
  giveToken(input: { readonly number: string; readonly to: string }): Promise<void>;
}
