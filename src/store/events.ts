import type { EventRow, NewEvent, Records } from "./records.ts";

/** Which events a list or a replay means; every given part must match. */
export interface EventSelector {
  readonly instanceId?: string;
  readonly eventIds?: readonly string[];
  readonly type?: string;
  readonly chatId?: string;
  /** State of one of their deliveries. */
  readonly deliveryState?: "pending" | "delivered" | "dead" | "discarded";
  /** Epoch milliseconds, inclusive. */
  readonly from?: number;
  /** Epoch milliseconds, exclusive. */
  readonly to?: number;
}

/** The outbox: happenings as numbered rows. */
export interface EventStore {
  /**
   * One transaction: drops events whose dedupe key is known, numbers the rest without a gap, makes a delivery per
   * configured URL of their slots (one per URL, even when several slots name it), writes the read model, and settles
   * the journal rows of these stanza ids. Answers only the new rows, in sequence order.
   */
  persist(input: {
    readonly instanceId: string;
    readonly events: readonly NewEvent[];
    readonly records?: Records;
    readonly journalIds?: readonly string[];
    readonly now: number;
  }): Promise<readonly EventRow[]>;
  get(input: { readonly instanceId?: string; readonly eventId: string }): Promise<EventRow | undefined>;
  /** Newest first, `before` is a position. */
  list(input: EventSelector & { readonly before?: number; readonly limit: number }): Promise<readonly EventRow[]>;
  /** Events with a position above the cursor, oldest first: what a resumed stream reads. */
  since(input: {
    readonly instanceId?: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly EventRow[]>;
  /** Highest position so far; 0 when there is none. */
  lastPosition(): Promise<number>;
  /**
   * Makes new deliveries, in sequence order and under the old event ids, for every matching event: to the URLs now
   * configured for the slots it once had, or to `url` when given. Answers how many were made.
   */
  replay(input: {
    readonly selector: EventSelector;
    readonly url?: string;
    readonly limit: number;
    readonly now: number;
  }): Promise<number>;
}
