import type { PairingState } from "../pairing-state.ts";
import type { World } from "../world.ts";

/** WhatsApp protocol: the first QR lives a minute, each of the others twenty seconds more. */
const firstMs = 60_000;
const nextMs = 20_000;

/**
 * Whether the phone may still use this reference. One that a client shows ahead of its time is taken; how long a client
 * shows it is not seen here.
 */
export function isAlive(world: World, pairing: PairingState, ref: string): boolean {
  const at = pairing.refs.indexOf(ref);
  if (at === -1) return false;
  if (world.behaviour.qrLife === "endless") return true;
  return world.options.clock.monotonicMs() - pairing.offeredMs < firstMs + at * nextMs;
}
