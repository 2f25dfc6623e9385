import { backoffMs, type BackoffOptions } from "./backoff.ts";
import { sleep } from "./sleep.ts";

/** How much is held, and when it goes. */
export interface BatcherOptions {
  /** At this many items the one who adds is asked to wait. */
  readonly maxItems: number;
  /** At most so many items go at once. */
  readonly maxBatch: number;
  /** How long the first item of a batch may wait for company, milliseconds; 0: it goes as soon as the one before is done. */
  readonly maxAgeMs: number;
  /** Waits between tries of a batch that failed. */
  readonly retry: BackoffOptions;
}

/** What the batcher hands its items to. */
export interface BatcherDeps<T> {
  /** Stores the items, in order. When it rejects, the same items are tried again, together with younger ones. */
  readonly flush: (items: readonly T[], signal: AbortSignal) => Promise<void>;
  /** Told about each try that failed. */
  readonly failed: (error: unknown, input: { readonly failures: number; readonly items: number }) => void;
  /** Waits; a test brings its own. */
  readonly sleep?: typeof sleep;
}

/** Collects items while earlier ones are being stored. Keeps order, never drops. */
export interface Batcher<T> extends AsyncDisposable {
  /** Takes the item in any case; a promise says that it is full, and resolves when there is room again. Never rejects. */
  readonly add: (item: T) => Promise<void> | undefined;
  /** Resolves when everything added so far is stored. */
  readonly drained: () => Promise<void>;
  /** Items held now. */
  readonly size: () => number;
}

/**
 * Opens a batcher. Disposing it stores what is held and then stops; when `signal` aborts it stops at once, and what is
 * still held is left to whoever keeps a copy (the journal).
 */
export function createBatcher<T>(deps: BatcherDeps<T>, options: BatcherOptions, signal: AbortSignal): Batcher<T> {
  const wait = deps.sleep ?? sleep;
  const held: T[] = [];
  let room: PromiseWithResolvers<void> | undefined;
  let running: Promise<void> | undefined;
  let closing = false;

  const releaseRoom = (): void => {
    if (room === undefined || (held.length >= options.maxItems && !signal.aborted)) return;
    room.resolve();
    room = undefined;
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    // Only while something is held: an idle batcher is kept alive by nobody.
    signal.addEventListener("abort", releaseRoom, { once: true });
    // The first await lets a synchronous burst gather into one batch.
    await Promise.resolve();
    while (held.length > 0 && !signal.aborted) {
      if (held.length < options.maxBatch && failures === 0 && !closing) await wait(options.maxAgeMs, signal);
      const batch = held.slice(0, options.maxBatch);
      try {
        await deps.flush(batch, signal);
        held.splice(0, batch.length);
        failures = 0;
        releaseRoom();
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        deps.failed(error, { failures, items: held.length });
        await wait(backoffMs(options.retry, failures), signal);
      }
    }
    running = undefined;
    signal.removeEventListener("abort", releaseRoom);
    releaseRoom();
  };
  const start = (): void => {
    running ??= run();
  };
  const idle = async (): Promise<void> => {
    for (let current = running; current !== undefined; current = running) await current;
  };

  return {
    add: (item) => {
      held.push(item);
      start();
      if (held.length < options.maxItems || signal.aborted) return undefined;
      room ??= Promise.withResolvers<void>();
      return room.promise;
    },
    drained: idle,
    size: () => held.length,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      await idle();
    },
  };
}
