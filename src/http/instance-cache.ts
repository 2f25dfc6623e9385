import type { Instance } from "#domain/instance.ts";
import type { Clock } from "#lib/clock.ts";
import type { InstanceStore } from "#store/instances.ts";

import { digest } from "./digest.ts";

/** An instance with the digest its token is compared by. */
export interface KnownInstance {
  readonly instance: Instance;
  readonly tokenDigest: Buffer;
}

/** Instances as requests need them, without a query each. */
export interface InstanceCache {
  readonly get: (instanceId: string) => Promise<KnownInstance | undefined>;
  /** Call after every change of an instance in this process; changes by other processes show within `maxAgeMs`. */
  readonly forget: (instanceId: string) => void;
}

/** Remembers up to `maxInstances` for `maxAgeMs`; unknown ids are not remembered, the oldest entry leaves when full. */
export function createInstanceCache(
  deps: { readonly instances: Pick<InstanceStore, "get">; readonly clock: Clock },
  options: { readonly maxAgeMs: number; readonly maxInstances: number },
): InstanceCache {
  const entries = new Map<string, { known: Promise<KnownInstance | undefined>; untilMs: number }>();
  return {
    get: (instanceId) => {
      const nowMs = deps.clock.monotonicMs();
      const entry = entries.get(instanceId);
      if (entry !== undefined && entry.untilMs > nowMs) return entry.known;
      // The entry exists while the query runs, so that a change in between removes it and a stale answer is not kept.
      const known = load(deps.instances, instanceId);
      const fresh = { known, untilMs: nowMs + options.maxAgeMs };
      entries.delete(instanceId);
      if (entries.size >= options.maxInstances) {
        const oldest = entries.keys().next();
        if (oldest.done !== true) entries.delete(oldest.value);
      }
      entries.set(instanceId, fresh);
      const drop = () => {
        if (entries.get(instanceId) === fresh) entries.delete(instanceId);
      };
      known.then((found) => found === undefined && drop(), drop);
      return known;
    },
    forget: (instanceId) => {
      entries.delete(instanceId);
    },
  };
}

async function load(instances: Pick<InstanceStore, "get">, instanceId: string): Promise<KnownInstance | undefined> {
  const instance = await instances.get({ instanceId });
  return instance === undefined ? undefined : { instance, tokenDigest: digest(instance.token) };
}
