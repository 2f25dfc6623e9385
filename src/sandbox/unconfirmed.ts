import type { QueuedStanza } from "./stanza-queue.ts";
import type { Timers } from "./timers.ts";

/** Looks after the stanzas that one connection has brought. */
export interface UnconfirmedWatch {
  sent(entry: QueuedStanza): void;
  confirmed(entry: QueuedStanza): void;
  /** Forgets all of them. */
  close(): void;
}

/**
 * Tells of the oldest stanza that was not confirmed in time, once. One timer, however many stanzas wait. With a limit of
 * 0 nothing is ever too late.
 */
export function createUnconfirmedWatch(
  deps: { readonly later: Timers["later"]; readonly nowMs: () => number; readonly limitMs: () => number },
  overdue: (entry: QueuedStanza) => void,
): UnconfirmedWatch {
  const waiting = new Map<number, { readonly entry: QueuedStanza; readonly sentMs: number }>();
  let planned: { readonly dueMs: number; readonly cancel: () => void } | undefined;

  const plan = (ms: number): void => {
    const dueMs = deps.nowMs() + ms;
    // The limit may have become shorter.
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    planned?.cancel();
    planned = { dueMs, cancel: deps.later(Math.max(1, ms), look) };
  };
  const look = (): void => {
    planned = undefined;
    const [oldest] = waiting.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sentMs + deps.limitMs() - deps.nowMs();
    if (leftMs > 0) return plan(leftMs);
    waiting.clear();
    overdue(oldest.entry);
  };
  return {
    sent(entry) {
      if (deps.limitMs() === 0) return;
      waiting.set(entry.seq, { entry, sentMs: deps.nowMs() });
      plan(deps.limitMs());
    },
    confirmed: ({ seq }) => void waiting.delete(seq),
    close() {
      waiting.clear();
      planned?.cancel();
      planned = undefined;
    },
  };
}
