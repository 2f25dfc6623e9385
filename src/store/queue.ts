import type { Outgoing } from "#domain/content.ts";
import type { NewEvent, StoredMessage } from "./records.ts";

/** State of a queued message: `queued → sending → sent | failed | canceled`. */
export type QueueState = "queued" | "sending" | "sent" | "failed" | "canceled";

/** What a message can be set aside for until somebody says that it is over: a restriction of new chats. */
export type QueueWait = "restriction";

/** A message waiting to be sent, or sent not long ago. */
export interface QueuedMessage {
  readonly zaapId: string;
  readonly instanceId: string;
  /** WhatsApp message id, fixed before the row is acknowledged and reused by every retry. */
  readonly messageId: string;
  /** Order of acceptance; the order of sending inside one chat, and across chats as far as none of them has to wait. */
  readonly sequence: number;
  /** Names the chat whose order it keeps to. */
  readonly chatId: string;
  readonly outgoing: Outgoing;
  readonly state: QueueState;
  /** Tries that counted. */
  readonly attempts: number;
  /** Epoch milliseconds before which it is not sent; until then those of its chat wait behind it. */
  readonly dueAt: number;
  /** What it is set aside for, where that may end before `dueAt`. */
  readonly waitsFor?: QueueWait;
  /** Sent only at this time; until then it does not hold up those behind it, not even of its chat. */
  readonly scheduledAt?: number;
  /** Wait before it, milliseconds; undefined takes the instance's random pace. */
  readonly delayMs?: number;
  /** Typing shown before it, milliseconds. */
  readonly typingMs: number;
  readonly lastError?: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A claimed message: writes on it must carry the token. */
export interface ClaimedMessage extends QueuedMessage {
  readonly fencingToken: number;
}

/**
 * The durable send queue: one at a time per instance, in the order of acceptance inside a chat. A message that is not due
 * holds up its own chat only; among the others the one accepted first comes first.
 */
export interface QueueStore {
  /**
   * Inserts the row, its ledger step `queued`, its idempotency key and its hold on the files in its content (they stay as
   * long as the row) in one transaction. With a known key and the same request hash it answers the first row and `created: false`. Throws `idempotency_conflict` for a known key
   * with another hash, `queue_full` when `maxWaiting` messages wait already, `instance_not_found`.
   */
  enqueue(input: {
    /** `chatId` is the recipient when left out. */
    readonly message: Omit<QueuedMessage, "sequence" | "state" | "attempts" | "updatedAt" | "chatId" | "waitsFor"> & {
      readonly chatId?: string;
    };
    readonly idempotency?: { readonly key: string; readonly requestHash: string; readonly expiresAt: number };
    readonly maxWaiting?: number;
    readonly now: number;
  }): Promise<{ readonly message: QueuedMessage; readonly created: boolean }>;
  /**
   * The message that this key was accepted with, while the key is remembered. Throws `idempotency_conflict` when that
   * was another request.
   */
  accepted(input: {
    readonly instanceId: string;
    readonly key: string;
    readonly requestHash: string;
    readonly now: number;
  }): Promise<QueuedMessage | undefined>;
  /** Instances with a message due now (or by `dueBy`) and no live claim, most overdue first. */
  instancesWithWork(input: {
    readonly now: number;
    readonly dueBy?: number;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /**
   * When the earliest waiting message of any instance is due; undefined when none waits. Of an instance with a live claim
   * only what is scheduled or set aside counts.
   */
  nextDueAt(input: { readonly now: number }): Promise<number | undefined>;
  /**
   * Takes the message accepted first among the heads of the chats of one instance that are due: undefined when none is,
   * when another claim on the instance is live, or when nothing waits. Messages scheduled for later are passed over. A
   * message that a dead claimer left comes first: it may have gone out already. One whose row was written in what is the
   * future now is due: the clock was set back. Marks it `sending`, in the ledger too.
   */
  claim(input: {
    readonly instanceId: string;
    readonly owner: string;
    readonly leaseMs: number;
    readonly now: number;
  }): Promise<ClaimedMessage | undefined>;
  /** Extends the claim; false when it was lost or the message was canceled. */
  renew(input: { readonly claim: ClaimedMessage; readonly leaseMs: number; readonly now: number }): Promise<boolean>;
  /** Back to `queued` at the head of its chat, set aside until `dueAt`; counts no attempt unless `attempts` says so. */
  retry(input: {
    readonly claim: ClaimedMessage;
    readonly attempts: number;
    readonly dueAt: number;
    readonly waitsFor?: QueueWait;
    readonly error?: string;
    readonly now: number;
  }): Promise<boolean>;
  /** Final: sent or failed. One transaction with its ledger step, the sent message and the events it causes. */
  settle(input: {
    readonly claim: ClaimedMessage;
    readonly outcome: "sent" | "failed";
    readonly error?: string;
    readonly stored?: StoredMessage;
    readonly events: readonly NewEvent[];
    readonly now: number;
  }): Promise<boolean>;
  /** What was set aside for this, in this chat or in all, is due now; answers how many. */
  release(input: {
    readonly instanceId: string;
    readonly waitsFor: QueueWait;
    readonly chatId?: string;
    readonly now: number;
  }): Promise<number>;
  /** `canceled`, in the ledger too, or why not: it is being sent, or it is final or unknown. */
  cancel(input: {
    readonly instanceId: string;
    readonly zaapId: string;
    readonly now: number;
  }): Promise<"canceled" | "sending" | "gone">;
  /** Cancels everything that waits, in the ledger too, and nothing that is being sent; answers how many. */
  purge(input: { readonly instanceId: string; readonly now: number }): Promise<number>;
  /** Puts failed messages back into their places in the line, as if never tried; answers how many. */
  requeueFailed(input: {
    readonly instanceId: string;
    readonly zaapId?: string;
    readonly now: number;
  }): Promise<number>;
  get(input: { readonly instanceId: string; readonly zaapId: string }): Promise<QueuedMessage | undefined>;
  /** The row of a WhatsApp message id, while retention keeps it. */
  byMessageId(input: { readonly instanceId: string; readonly messageId: string }): Promise<QueuedMessage | undefined>;
  /** In order of sending; `after` is a sequence. */
  list(input: {
    readonly instanceId: string;
    readonly states: readonly QueueState[];
    readonly after?: number;
    readonly offset?: number;
    readonly limit: number;
  }): Promise<readonly QueuedMessage[]>;
  count(input: { readonly instanceId: string; readonly states: readonly QueueState[] }): Promise<number>;
}
