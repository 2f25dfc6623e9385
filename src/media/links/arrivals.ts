import type { Clock } from "#lib/clock.ts";
import type { sleep } from "#lib/sleep.ts";
import type { MediaRow, MediaStore } from "#store/media.ts";

/** Tells those who wait for a file that something became of it. */
export interface Arrivals {
  /** Something was written about this file, in this process. */
  readonly changed: (mediaId: string) => void;
  /** A content of this process got another place. */
  readonly moved: () => void;
  /**
   * The row as soon as `isDone` holds, or as it is at the deadline (epoch milliseconds) or on abort; undefined when there
   * is none. What other processes write is seen within a second.
   */
  readonly wait: (
    input: { readonly mediaId: string; readonly isDone: (row: MediaRow) => boolean; readonly deadline: number },
    signal: AbortSignal,
  ) => Promise<MediaRow | undefined>;
}

const pollMs = 1_000;

/** Opens the waiting room; it holds an entry for a file only while somebody waits for it. */
export function createArrivals(deps: {
  readonly media: Pick<MediaStore, "get">;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
}): Arrivals {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (those: Iterable<() => void>): void => {
    for (const one of those) one();
  };

  return {
    changed: (mediaId) => wake(waiting.get(mediaId) ?? []),
    moved: () => {
      for (const those of waiting.values()) wake(those);
    },
    wait: async ({ mediaId, isDone, deadline }, signal) => {
      for (;;) {
        const woken = new AbortController();
        const leave = enter(waiting, mediaId, () => woken.abort());
        try {
          // Read after entering: what changes from here on wakes.
          const row = await deps.media.get({ mediaId });
          const leftMs = deadline - deps.clock.now();
          if (row === undefined || isDone(row) || leftMs <= 0 || signal.aborted) return row;
          await deps.sleep(Math.min(leftMs, pollMs), AbortSignal.any([signal, woken.signal]));
        } finally {
          leave();
        }
      }
    },
  };
}

function enter(waiting: Map<string, Set<() => void>>, mediaId: string, wake: () => void): () => void {
  const those = waiting.get(mediaId) ?? new Set();
  waiting.set(mediaId, those);
  those.add(wake);
  return () => {
    those.delete(wake);
    if (those.size === 0 && waiting.get(mediaId) === those) waiting.delete(mediaId);
  };
}
