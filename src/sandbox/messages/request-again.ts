import type { BinaryNode } from "@whiskeysockets/baileys";
import { setBounded } from "../bounded.ts";
import { bundleNodes } from "../pre-keys.ts";
import type { SimulatedDevice } from "../person.ts";
import { stanza, uintBytes } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import type { Arrival } from "./receive.ts";

/** WhatsApp protocol: after this many tries nobody asks again. */
const maxRequests = 5;
/** Messages whose requests a device counts; the oldest are forgotten. */
const maxMessages = 1000;

/** A simulated device asks a client for a message that it could not decrypt; from the second time on with keys. */
export function requestAgain(world: World, at: { readonly device: SimulatedDevice; readonly arrival: Arrival }): void {
  const { device, arrival } = at;
  const { id, origin, from } = arrival;
  const count = (device.requests.get(id) ?? 0) + 1;
  if (count > maxRequests) return;
  world.post(from, retryReceipt(world, { device, origin, id, count }));
  world.throttle.asked(from.person, id);
}

/**
 * WhatsApp protocol: `<receipt type="retry"><retry count id t v/><registration/>[<keys/>]</receipt>`; `origin` names chat
 * and person. Counts as this device's request.
 */
export function retryReceipt(
  world: World,
  request: {
    readonly device: SimulatedDevice;
    readonly origin: Readonly<Record<string, string>>;
    readonly id: string;
    readonly count: number;
  },
): BinaryNode {
  const { device, origin, id, count } = request;
  setBounded(device.requests, { key: id, value: count }, maxMessages);
  const t = world.seconds();
  const withKeys = count > 1 || world.behaviour.retryKeys === "always";
  const signal = device.signal();
  const [, ...keys] = withKeys ? bundleNodes(signal.takeBundle()) : [];
  return stanza("receipt", { ...origin, id, type: "retry", t }, [
    stanza("retry", { count, id, t, v: 1 }),
    stanza("registration", {}, uintBytes(signal.registrationId, 4)),
    ...(withKeys ? [stanza("keys", {}, keys)] : []),
  ]);
}
