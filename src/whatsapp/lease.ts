import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { AuthStateStore } from "#store/auth-state.ts";
import type { Lease, LeaseStore } from "#store/leases.ts";

/** What a held lease works with. */
export interface LeaseDeps {
  readonly leases: LeaseStore;
  readonly authState: AuthStateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Waits; a test brings its own. */
  readonly sleep?: typeof sleep;
}

/** The right to drive one session, kept until it is disposed or lost. Disposing gives it back. */
export interface HeldLease extends AsyncDisposable {
  /** Every write of Signal state names it. */
  readonly token: number;
}

/**
 * Takes the lease of a session, declares its token to the Signal state and keeps renewing it. `onLost` is called once
 * when it is gone for sure: somebody else has it, or it could not be renewed before it ran out. Throws `lease_lost`
 * while another process holds it.
 */
export async function holdLease(
  deps: LeaseDeps,
  input: {
    readonly instanceId: string;
    readonly owner: string;
    readonly ttlMs: number;
    readonly renewMs: number;
    readonly deadAfterMs?: number;
  },
  onLost: () => void,
): Promise<HeldLease> {
  const { leases, clock } = deps;
  const { instanceId, ttlMs } = input;
  const lease = await leases.acquire({
    name: `instance:${instanceId}`,
    owner: input.owner,
    ttlMs,
    ...(input.deadAfterMs === undefined ? {} : { deadAfterMs: input.deadAfterMs }),
    now: clock.now(),
  });
  if (lease === undefined) throw new WazapiError("lease_lost", { details: { instanceId } });
  const token = lease.fencingToken;
  if (!(await deps.authState.fence({ instanceId, token }))) {
    await leases.release({ lease });
    throw new WazapiError("lease_lost", { details: { instanceId, token } });
  }
  const stop = new AbortController();
  const renewing = renew(deps, { lease, ttlMs, renewMs: input.renewMs, onLost }, stop.signal);
  return {
    token,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      if (await renewing) await leases.release({ lease });
    },
  };
}

/** Renews until aborted; answers whether the lease is still held. */
async function renew(
  deps: LeaseDeps,
  input: { readonly lease: Lease; readonly ttlMs: number; readonly renewMs: number; readonly onLost: () => void },
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, log } = deps;
  const wait = deps.sleep ?? sleep;
  let heldUntilMs = clock.monotonicMs() + input.ttlMs;
  for (;;) {
    await wait(input.renewMs, signal);
    if (signal.aborted) return true;
    try {
      if (!(await deps.leases.renew({ lease: input.lease, ttlMs: input.ttlMs, now: clock.now() }))) break;
      heldUntilMs = clock.monotonicMs() + input.ttlMs;
    } catch (error) {
      log.warn({ lease: input.lease.name, error }, "lease not renewed");
      // Until it runs out nobody else may take it; afterwards silence is the only safe assumption.
      if (clock.monotonicMs() + input.renewMs >= heldUntilMs) break;
    }
  }
  input.onLost();
  return false;
}
