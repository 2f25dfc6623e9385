import { setTimeout as wait } from "node:timers/promises";

/** Waits `ms` milliseconds; resolves early, without throwing, when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  try {
    await wait(ms, undefined, { signal });
  } catch (error) {
    // An abort is how a wait ends early here, not a failure.
    if (!signal.aborted) throw error;
  }
}
