/** Wakes whoever waits. A ring while nobody waits is lost: look at the rows after having begun to wait. */
export interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring, or on abort. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

/** A bell; it holds nothing but those who wait. */
export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring: () => {
      for (const wake of waiting) wake();
    },
    wait: async (signal) => {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
    },
  };
}
