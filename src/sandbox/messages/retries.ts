import type { RetryRequest } from "../chat-kind.ts";
import type { CompanionKeys } from "../companion.ts";
import { hostedDevice, parseUserJid } from "../jid.ts";
import { readPreKey, readSignedPreKey } from "../pre-keys.ts";
import type { PreKeyBundle } from "../signal/sim-device.ts";
import { bytesOf, childOf, stanza, uintOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { directLetter } from "./direct-letter.ts";
import { jidOf } from "./envelope.ts";
import { writeLetter } from "./letter.ts";

/** WhatsApp protocol: after this many requests the message is given up. */
const maxRetries = 5;

/** Which time the client asks for this message; undefined when it asks too often. */
export function retryCount({ node }: RetryRequest): number | undefined {
  const count = Number(childOf(node, "retry")?.attrs["count"] ?? 1);
  return Number.isInteger(count) && count >= 1 && count <= maxRetries ? count : undefined;
}

/**
 * The keys that came with the request, or `true` to take some of the server's. Undefined when they are not the device's:
 * then nothing is sent.
 */
export function retryBundle({ from, node }: RetryRequest): PreKeyBundle | true | undefined {
  const keys = childOf(node, "keys");
  if (keys === undefined) return true;
  const known: CompanionKeys | undefined = from.keys();
  const identity = bytesOf(childOf(keys, "identity"));
  if (identity === undefined || known === undefined || Buffer.compare(identity, known.identity) !== 0) return undefined;
  const signedPreKey = readSignedPreKey(childOf(keys, "skey"), identity);
  const preKey = readPreKey(childOf(keys, "key"));
  const registrationId = uintOf(bytesOf(childOf(node, "registration"))) ?? known.registrationId;
  if (signedPreKey === undefined) return undefined;
  return { registrationId, identity, signedPreKey, ...(preKey !== undefined && { preKey }) };
}

/** Sends a message between two people again, with a new session, or passes the request on to the client that wrote it. */
export async function retryDirect(world: World, request: RetryRequest): Promise<void> {
  const { from, id, to, node } = request;
  const identity = world.directory.identify(to);
  const author = world.directory.find(to);
  if (identity === undefined || author === undefined) return;
  const other = author.companions.get(identity.device);
  if (other !== undefined) {
    const origin = { from: jidOf(from.person, parseUserJid(to)?.addressing ?? "pn", from.id) };
    const attrs = { ...origin, id, type: "retry", t: world.seconds() };
    const { content } = node;
    world.post(other, { ...stanza("receipt", attrs), ...(content !== undefined && { content }) });
    return;
  }
  // WhatsApp protocol: a provider keeps no sessions for this; without keys in the request there is nobody to write to.
  if (identity.device === hostedDevice && childOf(node, "keys") === undefined) return;
  const device = author.devices.get(identity.device);
  const written = author.memory.get(id);
  const count = retryCount(request);
  const fresh = retryBundle(request);
  if (device === undefined || written?.author !== author.number || count === undefined || fresh === undefined) return;
  for (const spent of from.queue.spend(id)) from.connection?.backlog?.confirmed(spent);
  const letter = directLetter(world, from, written);
  await writeLetter(world, { from: device, companion: from }, { ...letter, fresh, count });
}
