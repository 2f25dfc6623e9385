import { type Batcher, type BatcherDeps, type BatcherOptions, createBatcher } from "#lib/batcher.ts";
import type { Log } from "#lib/log.ts";

/** What the buffer hands its items to. */
export interface BufferDeps<T> extends Pick<BatcherDeps<T>, "sleep"> {
  readonly log: Log;
  /** Stores items of one instance, in order; the same items are tried again when it rejects. */
  readonly store: (instanceId: string, items: readonly T[]) => Promise<void>;
}

/** The bounded memory in front of the store: one line per instance, so that one cannot hold up another. */
export interface Buffer<T> extends AsyncDisposable {
  /** Takes the item in any case; a promise says that the line is full, and resolves when there is room. Never rejects. */
  readonly add: (instanceId: string, item: T) => Promise<void> | undefined;
  /** Resolves when everything added so far is stored. */
  readonly drained: () => Promise<void>;
  /** Items held now, over all instances. */
  readonly size: () => number;
}

/**
 * Opens the buffer. Disposing it stores what is held first; when `signal` aborts it stops at once, and the journal
 * brings back what was not stored.
 */
export function createBuffer<T>(deps: BufferDeps<T>, options: BatcherOptions, signal: AbortSignal): Buffer<T> {
  // Bounded by the instances this process runs; a line goes when it is empty.
  const lines = new Map<string, Batcher<T>>();
  const open = (instanceId: string): Batcher<T> => {
    const known = lines.get(instanceId);
    if (known !== undefined) return known;
    const line = createBatcher<T>(
      {
        flush: async (items) => {
          await deps.store(instanceId, items);
          if (line.size() === items.length) lines.delete(instanceId);
        },
        failed: (error, { failures, items }) =>
          deps.log.error({ instanceId, failures, items, error }, "storing failed; it is tried again"),
        ...(deps.sleep === undefined ? {} : { sleep: deps.sleep }),
      },
      options,
      signal,
    );
    lines.set(instanceId, line);
    return line;
  };
  return {
    add: (instanceId, item) => open(instanceId).add(item),
    drained: async () => {
      await Promise.all([...lines.values()].map((line) => line.drained()));
    },
    size: () => [...lines.values()].reduce((sum, line) => sum + line.size(), 0),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...lines.values()].map((line) => line[Symbol.asyncDispose]()));
    },
  };
}
