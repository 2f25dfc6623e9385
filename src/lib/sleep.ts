/** Waits `ms` milliseconds; resolves early, without throwing, when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  return promise;
}

/** Waits for the first of these, or so long, or until the signal aborts. Throws what the first of them throws. */
export async function sleepUnless(ms: number, firsts: readonly Promise<unknown>[], signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([...firsts, sleep(ms, AbortSignal.any([over.signal, signal]))]);
  } finally {
    // A reason of its own: without one an exception with its stack is made each time.
    over.abort("over");
  }
}
