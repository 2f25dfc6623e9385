import { sleep } from "#lib/sleep.ts";

/** How a question ended. */
export type Probed<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown }
  /** No answer in time, or nobody waits any more. */
  | { readonly kind: "late" };

/** Asks something that may hang. Never rejects. */
export type Probe<T> = (signal: AbortSignal) => Promise<Probed<T>>;

/**
 * A question with a time limit. While one hangs it is not asked again: whoever asks waits for the answer to the first,
 * so that a part that is stuck is not buried under questions.
 */
export function createProbe<T>(limitMs: number, ask: () => Promise<T>): Probe<T> {
  let running: Promise<Probed<T>> | undefined;
  const run = async (): Promise<Probed<T>> => {
    try {
      return { kind: "done", value: await ask() };
    } catch (error) {
      return { kind: "failed", error };
    }
  };
  return async (signal) => {
    if (running === undefined) {
      running = run();
      void running.then(() => (running = undefined));
    }
    const over = new AbortController();
    const waiting = AbortSignal.any([signal, over.signal]);
    try {
      return await Promise.race([running, sleep(limitMs, waiting).then((): Probed<T> => ({ kind: "late" }))]);
    } finally {
      over.abort();
    }
  };
}
