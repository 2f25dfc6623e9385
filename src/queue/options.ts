import type { BackoffOptions } from "#lib/backoff.ts";
import type { BreakerOptions } from "#lib/breaker.ts";

/** How the queue waits, retries and gives up. All durations in milliseconds. */
export interface QueueOptions {
  /** Names this process on its claims. */
  readonly owner: string;
  /** Random wait between two sends of an instance; both 0 switches pacing off. */
  readonly pace: { readonly minMs: number; readonly maxMs: number };
  /** How long the server may take to acknowledge one send. */
  readonly ackTimeoutMs: number;
  /** Life of a claim; renewed after a third of it. */
  readonly leaseMs: number;
  /** Waits after transient failures. */
  readonly retry: BackoffOptions;
  /** Waits while WhatsApp says that too much is sent. */
  readonly restrictedRetry: BackoffOptions;
  /** The wait before the only other try to start a chat that WhatsApp refused. Each try counts against the account. */
  readonly newChatRetry: BackoffOptions;
  /** Spreads what waits for the end of a restriction over so many milliseconds behind it. */
  readonly restrictionJitterMs: number;
  /** Retries after the first try, of transient failures and of too much alike. */
  readonly maxRetries: number;
  /** Opens when that many different messages in a row used up their retries. */
  readonly breaker: BreakerOptions;
  /** Tries of one message as the probe of an open breaker, so that a poison message cannot hold the line for ever. */
  readonly maxProbes: number;
  /** Instances sent for at the same time; further ones wait their turn. */
  readonly maxLanes: number;
  /** Instances kept waiting for their connection, a retry or a breaker; further ones are found again by the safety scan. */
  readonly maxWaitingLanes: number;
  /** Safety net: how often the rows are looked at even when nobody woke the worker. */
  readonly scanMs: number;
}

/** Defaults: one message every 1–3 s, five retries after 1, 2, 4, 8 and 16 s. */
export const defaultQueueOptions: Omit<QueueOptions, "owner"> = {
  pace: { minMs: 1_000, maxMs: 3_000 },
  ackTimeoutMs: 20_000,
  leaseMs: 30_000,
  retry: { baseMs: 1_000, maxMs: 16_000, jitter: "none" },
  restrictedRetry: { baseMs: 15_000, maxMs: 300_000, jitter: "equal" },
  newChatRetry: { baseMs: 75_000, maxMs: 75_000, jitter: "equal" },
  restrictionJitterMs: 60_000,
  maxRetries: 5,
  breaker: { threshold: 2, cooldown: { baseMs: 30_000, maxMs: 300_000, jitter: "equal" } },
  maxProbes: 24,
  maxLanes: 500,
  maxWaitingLanes: 10_000,
  scanMs: 10_000,
};
