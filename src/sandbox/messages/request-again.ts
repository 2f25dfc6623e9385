import { setBounded } from "../bounded.ts";
import { bundleNodes } from "../pre-keys.ts";
import type { SimulatedDevice } from "../person.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import type { Arrival } from "./receive.ts";

/** WhatsApp protocol: after this many tries nobody asks again. */
const maxRequests = 5;
/** Messages whose requests a device counts; the oldest are forgotten. */
const maxMessages = 1000;

/** A simulated device asks a client for a message that it could not decrypt, with keys for a new session. */
export function requestAgain(world: World, at: { readonly device: SimulatedDevice; readonly arrival: Arrival }): void {
  const { device, arrival } = at;
  const count = (device.requests.get(arrival.id) ?? 0) + 1;
  if (count > maxRequests) return;
  setBounded(device.requests, { key: arrival.id, value: count }, maxMessages);
  const t = world.seconds();
  const [registration, ...keys] = bundleNodes(device.signal().takeBundle());
  const attrs = { ...arrival.origin, id: arrival.id, type: "retry", t };
  const retry = stanza("retry", { count, id: arrival.id, t, v: 1 });
  const children = [retry, ...(registration === undefined ? [] : [registration]), stanza("keys", {}, keys)];
  world.post(arrival.from, stanza("receipt", attrs, children));
}
