import type { Breaker } from "#lib/breaker.ts";
import type { QueueDeps } from "./deps.ts";
import type { Hold } from "./hold.ts";
import type { QueueOptions } from "./options.ts";

/** What is remembered of an instance between its messages. Lost with the process: then one pause may be shorter. */
export interface LaneMemory {
  readonly breaker: Breaker;
  /** Monotonic milliseconds at the end of the last send. */
  lastSendEndMs?: number;
  /** Monotonic milliseconds before which nothing is tried: the connection itself gave no answer. */
  pausedUntilMs: number;
  /** Monotonic milliseconds at which the first of what was set aside lately is due: the clock may be set back meanwhile. */
  asideDueMs: number;
  /** Chats whose messages went unanswered since WhatsApp answered last; two of them are the connection's fault. */
  readonly unanswered: Set<string>;
  /** Monotonic milliseconds of the last message that was set aside for its own wait, for the next one that has one. */
  lastOwnWaitMs?: number;
}

/** One instance whose messages are being sent. */
export interface Lane {
  readonly instanceId: string;
  readonly memory: LaneMemory;
  /** The message in hand. */
  hold: Hold | undefined;
  /** Set by whoever knows of new work; cleared right before each look at the rows. */
  again: boolean;
}

/** What lanes share. */
export interface LaneContext {
  readonly deps: QueueDeps;
  readonly options: QueueOptions;
  /** Something set aside is due then (epoch milliseconds). */
  readonly expect: (at: number) => void;
  /** Nothing new is claimed any more. */
  readonly draining: AbortSignal;
  /** Even writes that keep failing are given up. */
  readonly stopped: AbortSignal;
}
