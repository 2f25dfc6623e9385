import type { WAVersion } from "@whiskeysockets/baileys";
import { defaultBacklogPull, type BacklogPullOptions } from "./intake/backlog-pull.ts";
import { defaultPasskeyTimes, type PasskeyTimes } from "./passkey/passkey-options.ts";
import { defaultPhoneQuestions, type PhoneQuestionsOptions } from "./phone-questions.ts";
import { defaultReconnect, type ReconnectOptions } from "./reconnect.ts";
import { defaultSettingsRecovery, type SettingsRecoveryOptions } from "./staying/app-state-recovery.ts";
import { defaultSignedPreKey, type SignedPreKeyOptions } from "./staying/signed-pre-key.ts";
import { defaultRetryOptions, type RetryOptions } from "./retries/retry-ledger.ts";

import { defaultPlaceholders, type PlaceholderOptions } from "./content/open-placeholders.ts";

/** How sessions behave; all times in milliseconds. */
export interface SessionsOptions {
  /** Pause between pings; a connection without any frame for this long and five seconds more is lost. */
  readonly keepAliveMs: number;
  /** Own watchdog beside Baileys': without any frame for this long the socket is torn down. */
  readonly silentMs: number;
  readonly connectTimeoutMs: number;
  /** Until an unanswered query counts as failed. */
  readonly queryTimeoutMs: number;
  /** Life of every QR; unset keeps WhatsApp's own (60 s, then 20 s each). */
  readonly qrTimeoutMs?: number;
  /** How long linking with a passkey may take. */
  readonly passkey: PasskeyTimes;
  /** Ask the phone for its whole history instead of the recent part. */
  readonly syncFullHistory: boolean;
  /** WhatsApp Web version to present; unset keeps Baileys' own. */
  readonly version?: WAVersion;
  /** How long an orderly close may take before the socket is torn down. */
  readonly closeGraceMs: number;
  /** At most this often `lastSeenAt` is stored. */
  readonly touchMs: number;
  /** Lease of a session: its life, how often it is renewed, and after which silence of its node it may be taken. */
  readonly leaseTtlMs: number;
  readonly leaseRenewMs: number;
  readonly deadAfterMs?: number;
  /** Signal keys held in memory per session. */
  readonly maxCachedKeys: number;
  readonly maxCommitTries: number;
  /** Group members and recipients remembered per session, and for how long. */
  readonly maxCachedGroups: number;
  readonly maxCachedRecipients: number;
  readonly recipientTtlMs: number;
  /** How what waited while we were away is asked for. */
  readonly backlog: BacklogPullOptions;
  readonly reconnect: ReconnectOptions;
  /** When the phone is asked again for what only it can read. */
  readonly placeholders: PlaceholderOptions;
  /** When a phone that does not answer counts as silent. */
  readonly phoneQuestions: PhoneQuestionsOptions;
  readonly signedPreKey: SignedPreKeyOptions;
  /** When the phone is asked for settings that the server has damaged. */
  readonly settingsRecovery: SettingsRecoveryOptions;
  /** How devices are answered that could not read a message. */
  readonly retries: RetryOptions;
  /** Sessions that are started at the same time when the process comes up. */
  readonly startConcurrency: number;
}

/** What suits the real WhatsApp. */
export const defaultSessionsOptions: SessionsOptions = {
  keepAliveMs: 30_000,
  silentMs: 75_000,
  connectTimeoutMs: 20_000,
  queryTimeoutMs: 60_000,
  passkey: defaultPasskeyTimes,
  syncFullHistory: false,
  closeGraceMs: 2_000,
  touchMs: 60_000,
  leaseTtlMs: 5 * 60_000,
  leaseRenewMs: 2 * 60_000,
  maxCachedKeys: 256,
  maxCommitTries: 3,
  maxCachedGroups: 64,
  maxCachedRecipients: 1_000,
  recipientTtlMs: 60 * 60_000,
  backlog: defaultBacklogPull,
  reconnect: defaultReconnect,
  placeholders: defaultPlaceholders,
  phoneQuestions: defaultPhoneQuestions,
  signedPreKey: defaultSignedPreKey,
  settingsRecovery: defaultSettingsRecovery,
  retries: defaultRetryOptions,
  startConcurrency: 8,
};
