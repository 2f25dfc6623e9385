/** How long the parts of a ceremony may take; all in milliseconds. */
export interface PasskeyTimes {
  /** A challenge: how long the user has for the passkey. A shorter time in the options counts. */
  readonly challengeMs: number;
  /** Each step of phone, server and comparison. */
  readonly stageMs: number;
  /** The proof that spares the comparison of codes, from the request on. */
  readonly handoffMs: number;
}

/** WhatsApp protocol: as in WhatsApp Web: 600 s, 120 s, 300 s. */
export const defaultPasskeyTimes: PasskeyTimes = { challengeMs: 600_000, stageMs: 120_000, handoffMs: 300_000 };
