import { type BackoffOptions, backoffMs } from "#lib/backoff.ts";
import type { Clock } from "#lib/clock.ts";
import type { sleep } from "#lib/sleep.ts";
import type { BreakerRow } from "#store/deliveries.ts";

/** What a breaker waits with. */
export interface LaneBreakerDeps {
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly random: () => number;
  /** Called when it opens (0) and when it closes, with how long it was open, milliseconds. */
  readonly turned?: (to: BreakerRow["state"], openMs: number) => void;
}

/**
 * Keeps a lane away from an endpoint that is down. Its row outlives the process.
 *
 *     closed ──opened()──▶ open ──probeAt──▶ half-open: one probe ──closed()──▶ closed
 *                           ▲                      │
 *                           └──────opened()────────┘   next probe later
 */
export interface LaneBreaker {
  /** Waits until a try may be made: freely, or as the only probe of an open breaker. `stop` when the signal aborted. */
  readonly admit: (signal: AbortSignal) => Promise<"pass" | "probe" | "stop">;
  /** The endpoint is down, or still is. `waitMs` at least until the next probe. Answers the row to be stored. */
  readonly opened: (waitMs?: number) => BreakerRow;
  /** The endpoint took something. Answers the row to be stored, undefined when nothing changed. */
  readonly closed: () => BreakerRow | undefined;
  /** The probe ended without evidence. */
  readonly abandoned: () => void;
  readonly isOpen: () => boolean;
}

const closedRow: BreakerRow = { state: "closed", failures: 0, probeAt: 0, openedAt: 0 };

/** A breaker that goes on where its row stopped. */
export function createLaneBreaker(
  deps: LaneBreakerDeps,
  stored: BreakerRow,
  options: { readonly probe: BackoffOptions; readonly maxRetryAfterMs: number },
): LaneBreaker {
  const { clock } = deps;
  // A longer wait was written before the clock was set back.
  const longestMs = Math.max(options.maxRetryAfterMs, 2 * options.probe.maxMs);
  let row = stored;
  let probeMs = clock.monotonicMs() + Math.min(stored.probeAt - clock.now(), longestMs);
  let probing = false;
  let change = Promise.withResolvers<void>();

  const changed = (next: BreakerRow): BreakerRow => {
    row = next;
    probing = false;
    change.resolve();
    change = Promise.withResolvers<void>();
    return row;
  };
  const untilChange = async (signal: AbortSignal): Promise<void> => {
    const aborted = Promise.withResolvers<void>();
    const abort = (): void => aborted.resolve();
    signal.addEventListener("abort", abort, { once: true });
    await Promise.race([change.promise, aborted.promise]);
    signal.removeEventListener("abort", abort);
  };

  return {
    admit: async (signal) => {
      while (!signal.aborted) {
        if (row.state === "closed") return "pass";
        const waitMs = probeMs - clock.monotonicMs();
        if (probing) await untilChange(signal);
        else if (waitMs > 0) await deps.sleep(waitMs, signal);
        else {
          probing = true;
          return "probe";
        }
      }
      return "stop";
    },
    opened: (waitMs = 0) => {
      const now = clock.now();
      const failures = row.state === "open" ? row.failures + 1 : 0;
      const delay = Math.max(waitMs, backoffMs(options.probe, failures + 1, deps.random));
      probeMs = clock.monotonicMs() + delay;
      const openedAt = row.state === "open" ? row.openedAt : now;
      if (row.state === "closed") deps.turned?.("open", 0);
      return changed({ state: "open", failures, probeAt: now + delay, openedAt });
    },
    closed: () => {
      if (row.state === "closed") return undefined;
      deps.turned?.("closed", clock.now() - row.openedAt);
      return changed(closedRow);
    },
    abandoned: () => {
      if (probing) changed(row);
    },
    isOpen: () => row.state === "open",
  };
}
