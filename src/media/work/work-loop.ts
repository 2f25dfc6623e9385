import { createBell } from "#lib/bell.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";

/** Rows that this process takes and works on, several at a time. */
export interface Work<Row> {
  /** Takes up to `limit` due rows; `running` are those in hand. */
  readonly claim: (limit: number, running: ReadonlySet<Row>) => Promise<readonly Row[]>;
  /** Works on one row and writes what became of it. */
  readonly run: (row: Row, signal: AbortSignal) => Promise<void>;
  /** When the next row is due, epoch milliseconds. */
  readonly nextDueAt: () => Promise<number | undefined>;
}

/** What a loop works with. */
export interface WorkDeps {
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How much a loop does at a time. */
export interface WorkOptions {
  /** Rows in hand at the same time. */
  readonly slots: number;
  /** Longest wait between two looks: a safety net under `wake`. */
  readonly pollMs: number;
}

/** A running loop. Disposing aborts what is in hand and waits until it has been given back. */
export interface WorkLoop extends AsyncDisposable {
  /** There may be new work. */
  readonly wake: () => void;
}

/** A failing database is asked again after so long. */
const pauseMs = 1_000;

/** Starts taking rows: at once what is due already, then whatever `wake` or time brings. */
export function startWorkLoop<Row>(
  deps: WorkDeps,
  input: { readonly work: Work<Row>; readonly options: WorkOptions },
  signal: AbortSignal,
): WorkLoop {
  const { work, options } = input;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const bell = createBell();
  const running = new Map<Row, Promise<void>>();

  const start = (row: Row): void => {
    const done = work
      .run(row, stopped)
      .catch((error: unknown) => deps.log.error({ error }, "media work failed"))
      .finally(() => {
        running.delete(row);
        bell.ring();
      });
    running.set(row, done);
  };

  const look = async (): Promise<number> => {
    const free = options.slots - running.size;
    // The next look comes when a place is free.
    if (free <= 0) return options.pollMs;
    const rows = await work.claim(free, new Set(running.keys()));
    for (const row of rows) start(row);
    if (rows.length > 0) return 0;
    const dueAt = await work.nextDueAt();
    const waitMs = dueAt === undefined ? options.pollMs : dueAt - deps.clock.now();
    // What is due and cannot be taken (others have it, an instance has its share) must not make this loop spin.
    return Math.min(options.pollMs, waitMs > 0 ? waitMs : pauseMs);
  };

  const live = async (): Promise<void> => {
    while (!stopped.aborted) {
      const woken = new AbortController();
      // Begins to wait before it looks, so that no ring is lost.
      const rung = bell.wait(AbortSignal.any([stopped, woken.signal])).then(() => woken.abort());
      const waitMs = await look().catch((error: unknown) => {
        deps.log.warn({ error }, "media work not looked for");
        return pauseMs;
      });
      await deps.sleep(waitMs, AbortSignal.any([stopped, woken.signal]));
      woken.abort();
      await rung;
    }
    await Promise.all(running.values());
  };
  const living = live();

  return {
    wake: bell.ring,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await living;
    },
  };
}
