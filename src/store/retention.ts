/** How long finished rows stay, milliseconds each. */
export interface RetentionPolicy {
  readonly deliveredEventsMs: number;
  readonly deadLettersMs: number;
  readonly sentQueueMs: number;
  readonly failedQueueMs: number;
  readonly settledJournalMs: number;
  readonly messagesMs: number;
  readonly connectionHistoryMs: number;
}

/** Removes what is old and finished. */
export interface RetentionStore {
  /**
   * Deletes at most `limit` rows per kind in short transactions and answers how many of each went. An event goes only
   * when none of its deliveries is pending, and a dead letter keeps its event.
   */
  prune(input: {
    readonly policy: RetentionPolicy;
    readonly limit: number;
    readonly now: number;
  }): Promise<Readonly<Record<string, number>>>;
}
