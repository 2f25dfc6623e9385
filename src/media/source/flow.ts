import type { sleep } from "#lib/sleep.ts";

/** A stream of bytes in pieces of any size. */
export type Bytes = AsyncIterable<Uint8Array>;

/** The other side sent nothing for too long. */
export class StalledError extends Error {
  override readonly name = "StalledError";
}

/**
 * The same bytes, ended early: throws the signal's reason when it aborts and `StalledError` when no piece comes for
 * `idleMs`. The source is told to close, but never waited for.
 */
export async function* flowing(
  deps: { readonly sleep: typeof sleep },
  input: { readonly bytes: Bytes; readonly idleMs: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const source = input.bytes[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting when it happens.
  aborted.catch(() => {});
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    for (;;) {
      const timer = new AbortController();
      const next = source.next();
      next.catch(() => {});
      const stalled = deps.sleep(input.idleMs, timer.signal).then(() => {
        throw new StalledError(`nothing came for ${input.idleMs} ms`);
      });
      stalled.catch(() => {});
      try {
        const piece = await Promise.race([next, aborted, stalled]);
        if (piece.done === true) return;
        yield piece.value;
      } finally {
        timer.abort();
      }
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // A source that hangs would never answer.
    source.return?.().catch(() => {});
  }
}
