import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { LeaseStore } from "#store/leases.ts";
import type { Leadership } from "./leadership.ts";

/** What a heartbeat works with. */
export interface HeartbeatDeps {
  readonly leases: Pick<LeaseStore, "heartbeat" | "leave">;
  /** The lock of the data directory, where there is one. */
  readonly leadership?: Pick<Leadership, "stillHeld">;
  /** Called once when the right to work is gone: the process must stop. */
  readonly onLost: (reason: "lock_replaced") => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How often, and under which name. */
export interface HeartbeatOptions {
  readonly nodeId: string;
  /** Where other nodes reach this one. */
  readonly address?: string;
  /** Milliseconds; others take a node for dead after four missed beats. */
  readonly everyMs: number;
}

/** A heartbeat. Disposing leaves in peace, so that others may take over at once. */
export interface Heartbeat extends AsyncDisposable {
  /** Epoch milliseconds of the last beat that was written; undefined before the first. */
  readonly lastBeatAt: () => number | undefined;
}

/** Tells the other nodes that this process lives, and watches its own lock. The first beat is written at once. */
export function startHeartbeat(deps: HeartbeatDeps, options: HeartbeatOptions, signal: AbortSignal): Heartbeat {
  const { clock, leadership, leases, log } = deps;
  const { nodeId, address, everyMs } = options;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let lastBeatAt: number | undefined;
  let lost = false;

  const beat = async (): Promise<void> => {
    if (!lost && leadership?.stillHeld() === false) {
      lost = true;
      log.error({ nodeId }, "leader lock was replaced");
      deps.onLost("lock_replaced");
    }
    const now = clock.now();
    try {
      await leases.heartbeat({ nodeId, ...(address === undefined ? {} : { address }), now });
      lastBeatAt = now;
    } catch (error) {
      log.warn({ nodeId, error }, "heartbeat not written");
    }
  };
  const run = async (): Promise<void> => {
    while (!either.aborted) {
      await beat();
      await deps.sleep(everyMs, either);
    }
  };
  const running = run();

  return {
    lastBeatAt: () => lastBeatAt,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      try {
        await leases.leave({ nodeId });
      } catch (error) {
        log.warn({ nodeId, error }, "heartbeat not withdrawn");
      }
    },
  };
}
