import type { QueueDeps } from "./deps.ts";

/** Brings lanes back when time makes their messages due. */
export interface Schedule {
  /** Something will be due then (epoch milliseconds). */
  readonly expect: (at: number) => void;
  /** Settles after the signal aborted. */
  readonly done: Promise<void>;
}

// More instances than are busy already, so that new ones are found even when the busy ones fill the front of the list.
const scanAhead = 100;

// Instances looked at when the process begins.
const firstScan = 10_000;

// Announced times kept in mind; what comes on top is found by the safety scan.
const maxExpected = 1_000;

/**
 * Looks at once for instances with work (the backlog of a former process), and then whenever the earliest waiting message
 * is due; after `scanMs` at the latest.
 */
export function runSchedule(
  deps: Pick<QueueDeps, "queue" | "clock" | "sleep" | "log">,
  lanes: {
    readonly scanMs: number;
    /** Instances that are being worked on. */
    readonly busy: () => number;
    readonly rouse: (instanceId: string) => void;
  },
  signal: AbortSignal,
): Schedule {
  const { queue, clock, log } = deps;
  const expected = new Set<number>();
  let wakeAt = 0;
  let nap = new AbortController();
  const endNap = (): void => nap.abort();
  signal.addEventListener("abort", endNap, { once: true });

  let began = false;
  // The latest moment the clock has named: what was due once is looked at again when it is set back.
  let latest = 0;

  const scan = async (): Promise<number> => {
    const now = clock.now();
    latest = Math.max(latest, now);
    // First whatever waits, whenever it is due: the clock may have been set back since that was written.
    const some = began
      ? { dueBy: latest, limit: lanes.busy() + scanAhead }
      : { dueBy: Number.MAX_SAFE_INTEGER, limit: firstScan };
    for (const id of await queue.instancesWithWork({ now, ...some })) lanes.rouse(id);
    began = true;
    const dueAt = await queue.nextDueAt({ now });
    // What is due now is in hand; were it not, the safety scan is soon enough. It may hide what is due next, though,
    // so announced times count as well.
    for (const at of expected) if (at <= now) expected.delete(at);
    const soonest = Math.min(...expected, dueAt === undefined || dueAt <= now ? Number.POSITIVE_INFINITY : dueAt);
    return Math.min(lanes.scanMs, soonest - now);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      nap = new AbortController();
      wakeAt = Number.POSITIVE_INFINITY;
      let pauseMs = lanes.scanMs;
      try {
        pauseMs = await scan();
      } catch (error) {
        log.warn({ error }, "queue not scanned");
      }
      const at = Math.min(wakeAt, clock.now() + pauseMs);
      wakeAt = at;
      if (!signal.aborted) await deps.sleep(at - clock.now(), nap.signal);
    }
  };

  return {
    expect: (at) => {
      if (expected.size < maxExpected) expected.add(at);
      if (at >= wakeAt) return;
      wakeAt = at;
      nap.abort();
    },
    done: run().finally(() => signal.removeEventListener("abort", endNap)),
  };
}
