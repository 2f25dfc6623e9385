import type { HookSlot } from "#domain/instance.ts";
import type { EventRow } from "./records.ts";

/** State of one delivery. `pending` ones wait in their lane. */
export type DeliveryState = "pending" | "delivered" | "dead" | "discarded";

/** Persisted half of a hook's breaker; what it means is in `pipeline/dispatch`. */
export interface BreakerRow {
  readonly state: "closed" | "open";
  /** Probes that failed since it opened. */
  readonly failures: number;
  /** Epoch milliseconds of the next probe; 0 while closed. */
  readonly probeAt: number;
  /** Epoch milliseconds since when it is open; 0 while closed. */
  readonly openedAt: number;
}

/** The deliveries of one hook, claimed as a whole: one worker at most delivers to a URL of an instance. */
export interface Lane {
  readonly instanceId: string;
  readonly hookId: string;
  readonly url: string;
  /** Grows with every claim; every write of the claimer names it. */
  readonly fencingToken: number;
  /** Epoch milliseconds. */
  readonly leaseUntil: number;
  readonly breaker: BreakerRow;
}

/** One delivery with the event it carries. */
export interface Delivery {
  readonly deliveryId: number;
  readonly instanceId: string;
  readonly hookId: string;
  readonly slot: HookSlot | "replay";
  readonly url: string;
  readonly state: DeliveryState;
  /** Tries that counted (an outage counts none). */
  readonly attempts: number;
  /** Epoch milliseconds before which it is not tried. */
  readonly dueAt: number;
  readonly lastError?: string;
  readonly event: EventRow;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One try, as it is recorded. */
export interface Attempt {
  /** Epoch milliseconds at its start. */
  readonly at: number;
  readonly durationMs: number;
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** Stable word for a failure without answer (`refused`, `reset`, `timeout`, `dns`, `tls`, `forbidden_address`). */
  readonly error?: string;
  /** First kilobyte of the answer. */
  readonly answer?: string;
  /** Whether it consumed one of the allowed tries. */
  readonly counted: boolean;
}

/** What became of one delivery. */
export interface Settlement {
  readonly deliveryId: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly dueAt: number;
  readonly lastError?: string;
  /** The try that led here; absent when only the state moves. */
  readonly attempt?: Attempt;
}

/** Filter of dead letters and delivery lists. */
export interface DeliveryFilter {
  readonly instanceId?: string;
  readonly state?: DeliveryState;
  readonly type?: string;
  readonly eventId?: string;
}

/** Deliveries, their lanes and their dead letters. */
export interface DeliveryStore {
  /**
   * Takes lanes that have a due pending delivery and no live lease, oldest work first. `dueBy` counts what is due until
   * then (a clock that was set back makes no work wait); now when it is left out.
   */
  claimLanes(input: {
    readonly owner: string;
    readonly limit: number;
    readonly leaseMs: number;
    readonly dueBy?: number;
    readonly now: number;
  }): Promise<readonly Lane[]>;
  /** Extends the lease; false when the lane was lost. */
  renewLane(input: { readonly lane: Lane; readonly leaseMs: number; readonly now: number }): Promise<boolean>;
  /** Gives the lane back; it is claimable again as soon as one of its deliveries is due. */
  releaseLane(input: { readonly lane: Lane; readonly now: number }): Promise<void>;
  /**
   * Frees every lane and queue claim of other owners: for the process that has just become the only one. With `dead`
   * only those of that owner, which is known to be gone. Answers how many.
   */
  releaseOthers(input: { readonly owner: string; readonly dead?: string; readonly now: number }): Promise<number>;
  /** Pending deliveries of the lane in sequence order, due or not, above `afterDeliveryId`. `limit` ≤ 100. */
  pending(input: {
    readonly lane: Lane;
    readonly after?: { readonly sequence: number; readonly deliveryId: number };
    readonly limit: number;
  }): Promise<readonly Delivery[]>;
  /** Writes outcomes, attempts and the breaker in one transaction; false when the lane was lost, and then nothing is written. */
  settle(input: {
    readonly lane: Lane;
    readonly settlements: readonly Settlement[];
    readonly breaker?: BreakerRow;
    readonly now: number;
  }): Promise<boolean>;
  /** When the earliest pending delivery of any unleased lane is due; undefined when none waits. */
  nextDueAt(input: { readonly now: number }): Promise<number | undefined>;
  get(input: { readonly deliveryId: number }): Promise<Delivery | undefined>;
  attempts(input: { readonly deliveryId: number }): Promise<readonly Attempt[]>;
  /** Newest first; `before` is a delivery id. */
  list(
    input: DeliveryFilter & { readonly before?: number; readonly limit: number; readonly offset?: number },
  ): Promise<readonly Delivery[]>;
  count(input: DeliveryFilter): Promise<number>;
  /** Counters per state, per type and per last error of one instance. */
  stats(input: { readonly instanceId: string }): Promise<{
    readonly byState: Readonly<Record<string, number>>;
    readonly deadByType: Readonly<Record<string, number>>;
    readonly deadByError: Readonly<Record<string, number>>;
  }>;
  /**
   * Puts dead letters back into their lanes with fresh attempts, oldest first; answers how many. Those for a URL that no
   * slot and no further hook names any more stay dead.
   */
  revive(input: {
    readonly instanceId?: string;
    readonly deliveryIds?: readonly number[];
    readonly eventId?: string;
    readonly limit: number;
    readonly now: number;
  }): Promise<number>;
  /** Marks dead letters as discarded; answers how many. */
  discard(input: {
    readonly instanceId?: string;
    readonly deliveryIds?: readonly number[];
    readonly eventId?: string;
    readonly limit: number;
    readonly now: number;
  }): Promise<number>;
  /** Deletes deliveries that were discarded before this moment (epoch milliseconds), with their attempts; answers how many. */
  purgeDiscarded(input: { readonly instanceId: string; readonly before: number }): Promise<number>;
  /** Lanes with their backlog and breaker, for operators. */
  lanes(input: { readonly instanceId?: string }): Promise<
    readonly {
      readonly instanceId: string;
      readonly hookId: string;
      readonly url: string;
      readonly pending: number;
      readonly oldestAt?: number;
      readonly breaker: BreakerRow;
    }[]
  >;
}
