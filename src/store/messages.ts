import type { MessageStatus } from "#domain/message-status.ts";
import type { StatusStep, StoredMessage } from "./records.ts";

/** What is known of one message's way. */
export interface MessageTrace {
  readonly messageId: string;
  readonly chatId?: string;
  /** Highest status so far. */
  readonly status: MessageStatus;
  /** Steps in order of time; group receipts carry their participant. */
  readonly steps: readonly StatusStep[];
}

/** Raw messages and the ledger of their states. Written by `EventStore.persist` and `QueueStore`. */
export interface MessageStore {
  get(input: {
    readonly instanceId: string;
    readonly messageId: string;
    readonly chatId?: string;
  }): Promise<StoredMessage | undefined>;
  /** Adds or replaces messages outside an event, e.g. history. */
  put(input: { readonly messages: readonly StoredMessage[] }): Promise<void>;
  /** Adds steps outside an event; a step that is known already changes nothing. */
  record(input: { readonly instanceId: string; readonly steps: readonly StatusStep[] }): Promise<void>;
  /**
   * Whether somebody else wrote in one of these chats, names of one and the same; looks at the newest thousand messages of
   * each.
   */
  hasInbound(input: { readonly instanceId: string; readonly chatIds: readonly string[] }): Promise<boolean>;
  trace(input: { readonly instanceId: string; readonly messageId: string }): Promise<MessageTrace | undefined>;
  /** Newest first; `before` is epoch milliseconds. */
  list(input: {
    readonly instanceId: string;
    readonly chatId: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly StoredMessage[]>;
}
