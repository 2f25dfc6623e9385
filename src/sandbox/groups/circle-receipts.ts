import type { ClientReceipt, RetryRequest } from "../chat-kind.ts";
import { writeLetter } from "../messages/letter.ts";
import { relayedType, sendReceipt } from "../messages/receipts.ts";
import { retryBundle, retryCount } from "../messages/retries.ts";
import { signalAddress } from "../jid.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { keyMessage, originIn, type Circle } from "./circle.ts";
import { authorAttrs } from "./group-stanzas.ts";

/** Tells the clients of whoever wrote the messages that somebody got or read them. */
export function relayCircleReceipt(world: World, circle: Circle, receipt: ClientReceipt): void {
  const { from, ids, node } = receipt;
  const relayed = relayedType(receipt.type);
  const author = world.directory.find(node.attrs["participant"] ?? "");
  if (relayed === undefined || author === undefined || author === from.person) return;
  const type = relayed.type === "read" || relayed.type === "played" ? relayed.type : "delivered";
  sendReceipt(world, { origin: originIn(circle, from.person, from.id), author, ids, type });
}

/**
 * A client could not read a message: its author sends it again, to this device only and together with the sender key.
 * When another client wrote it, that client is asked.
 */
export async function retryInCircle(world: World, circle: Circle, request: RetryRequest): Promise<void> {
  const { from, id, node } = request;
  const { jid, addressing } = circle;
  const { participant = "" } = node.attrs;
  const author = world.directory.find(participant);
  const authorDevice = world.directory.identify(participant)?.device ?? 0;
  const other = author?.companions.get(authorDevice);
  if (other !== undefined) {
    const attrs = { ...originIn(circle, from.person, from.id), id, type: "retry", t: world.seconds() };
    world.post(other, stanza("receipt", attrs, node.content));
    return;
  }
  const device = author?.devices.get(authorDevice);
  const written = author?.memory.get(id);
  const count = retryCount(request);
  const fresh = retryBundle(request);
  if (author === undefined || device === undefined || written === undefined) return;
  if (written.author !== author.number || written.chat !== jid || count === undefined || fresh === undefined) return;
  for (const spent of from.queue.spend(id)) from.connection?.backlog?.confirmed(spent);
  const own = signalAddress(addressing === "pn" ? author.number : author.lid, addressing, device.id);
  const key = keyMessage(circle, await device.signal().senderKey(jid, own));
  const attrs = { ...written.attrs, id, t: Math.floor(written.at / 1000), from: jid, ...authorAttrs(circle, author) };
  const message = { ...written.message, ...key };
  await writeLetter(world, { from: device, companion: from }, { addressing, attrs, message, fresh, count });
}
