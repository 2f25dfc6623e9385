import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { BoundedMap } from "../bounded-map.ts";

/** Counts failures of each sender. */
export interface StormWatch {
  readonly failed: (sender: string) => void;
}

/** So many failures of one sender within so long are no accident: its session is broken. */
const stormFailures = 5;
const stormMs = 10 * 60_000;
const maxSenders = 1_000;

/**
 * One undecryptable message heals by itself when it is sent again. When all of a sender's fail, nothing heals: that is
 * told once per sender and spell. Senders beyond a thousand are forgotten, the one heard of longest ago first.
 */
export function createStormWatch(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly decryptStorm?: () => void;
}): StormWatch {
  const failures = new BoundedMap<string, number>({ limit: maxSenders, ttlMs: stormMs, clock: deps.clock });
  return {
    failed: (sender) => {
      const count = (failures.get(sender) ?? 0) + 1;
      failures.set(sender, count);
      if (count !== stormFailures) return;
      deps.decryptStorm?.();
      deps.log.warn({ failures: count }, "nothing of one sender can be decrypted");
      deps.log.debug({ sender, failures: count }, "this sender's messages cannot be decrypted");
    },
  };
}
