import type { sleep } from "#lib/sleep.ts";

/** Something took longer than it may. */
class TookTooLongError extends Error {
  override readonly name = "TookTooLongError";
}

/**
 * What `work` answers, or `TookTooLongError` after `limitMs`; then the signal it got is aborted and its answer ignored,
 * so that work that does not listen holds nobody up.
 */
export async function within<T>(
  deps: { readonly sleep: typeof sleep },
  input: { readonly limitMs: number; readonly work: (signal: AbortSignal) => Promise<T> },
  signal: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const working = input.work(AbortSignal.any([signal, over.signal]));
  // Nobody listens any more once the time is over.
  working.catch(() => {});
  const limit = deps.sleep(input.limitMs, AbortSignal.any([signal, done.signal])).then(() => {
    signal.throwIfAborted();
    throw new TookTooLongError(`no answer within ${input.limitMs} ms`);
  });
  limit.catch(() => {});
  try {
    // The signal stays good after the answer: a stream may hang on it.
    return await Promise.race([working, limit]);
  } catch (error) {
    over.abort(error);
    throw error;
  } finally {
    done.abort();
  }
}
