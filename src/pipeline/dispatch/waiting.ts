/** Something to wait for that can be woken before or while one waits. */
export interface Waiting {
  /** Look again at what you know. */
  readonly wake: () => void;
  /** There may be new rows. */
  readonly news: () => void;
  /** Whether there was news since the last time it was asked. */
  readonly takeNews: () => boolean;
  /** Resolves when woken, or when `timer` resolves. */
  readonly until: (timer?: (cancel: AbortSignal) => Promise<void>) => Promise<void>;
}

/** Nothing to see yet. */
export function createWaiting(): Waiting {
  let woken = false;
  let fresh = false;
  let waiter: PromiseWithResolvers<void> | undefined;
  const wake = (): void => {
    woken = true;
    waiter?.resolve();
  };
  return {
    wake,
    news: () => {
      fresh = true;
      wake();
    },
    takeNews: () => {
      const answer = fresh;
      fresh = false;
      return answer;
    },
    until: async (timer) => {
      if (!woken) {
        waiter = Promise.withResolvers<void>();
        const cancel = new AbortController();
        await Promise.race([waiter.promise, ...(timer === undefined ? [] : [timer(cancel.signal)])]);
        // A reason of its own: without one an exception with its stack is made each time.
        cancel.abort("woken");
        waiter = undefined;
      }
      woken = false;
    },
  };
}
