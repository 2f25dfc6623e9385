import type { BinaryNode } from "@whiskeysockets/baileys";
import type { ChatKind, ClientMessage, ClientReceipt } from "../chat-kind.ts";
import type { Companion } from "../companion.ts";
import { hostedDevice, parseUserJid, type Addressing } from "../jid.ts";
import type { Person, SimulatedDevice } from "../person.ts";
import { remember } from "../reach/reach.ts";
import { childOf, childrenOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { misaddressed } from "./addressing-refusal.ts";
import { decryptFrom } from "./decrypt.ts";
import { postDirect } from "./direct-post.ts";
import { jidOf, ownCopyAttrs, senderAttrs } from "./envelope.ts";
import { takeOwnCopy, takePeerMessage } from "./own-phone.ts";
import { besideOf, openArrival, takeIn, type Arrival } from "./receive.ts";
import { relayedType } from "./receipts.ts";
import { retryDirect } from "./retries.ts";

/** Chats between two people. */
export function directChats(world: World): ChatKind {
  return {
    accepts: (jid) => parseUserJid(jid) !== undefined,
    refuse: (message) => misaddressed(world, message),
    deliver: async (message) => {
      for (const copy of copiesOf(world, message)) await deliverCopy(world, copy);
    },
    receipt: async (receipt) => relayReceipt(world, receipt),
    retry: async (request) => retryDirect(world, request),
    post: async (post, signal) => postDirect(world, post, signal),
    audience: (jid) => [...(world.directory.find(jid)?.companions.values() ?? [])],
    origin: (jid, person) => ({ from: jidOf(person, addressingOf(jid)) }),
  };
}

/** What a message holds for one device. */
interface Copy {
  readonly message: ClientMessage;
  readonly person: Person;
  readonly device: number;
  readonly enc: BinaryNode;
  /** The other person, as the sender sees it. */
  readonly chat: Person;
  readonly addressing: Addressing;
}

function copiesOf(world: World, message: ClientMessage): readonly Copy[] {
  const { node, to } = message;
  // A message to one own device names the chat it belongs to beside it.
  const chatJid = node.attrs["recipient"] ?? to;
  const listed = childrenOf(childOf(node, "participants"), "to").map((target) => ({
    jid: target.attrs["jid"] ?? "",
    enc: childOf(target, "enc"),
  }));
  const targets = listed.length > 0 ? listed : [{ jid: to, enc: childOf(node, "enc") }];
  return targets.flatMap(({ jid, enc }) => {
    const device = world.directory.identify(jid)?.device;
    const person = world.directory.find(jid);
    if (device === undefined || person === undefined || enc === undefined) return [];
    const chat = world.directory.find(chatJid) ?? person;
    return [{ message, person, device, enc, chat, addressing: addressingOf(chatJid) }];
  });
}

async function deliverCopy(world: World, copy: Copy): Promise<void> {
  const simulated = copy.person.devices.get(copy.device);
  if (simulated !== undefined) return receiveCopy(world, simulated, copy);
  const companion = copy.person.companions.get(copy.device);
  if (companion !== undefined) remember(copy.person.reach.writers, copy.message.from.person.number, true);
  if (companion !== undefined && companion !== copy.message.from) relayCopy(world, companion, copy);
}

async function receiveCopy(world: World, device: SimulatedDevice, copy: Copy): Promise<void> {
  const { message, person, addressing, enc } = copy;
  const { from, node } = message;
  const arrival = arrivalOf(copy);
  const sender = { companion: from, addressing };
  const opened = await openArrival(world, { device, arrival }, async () => decryptFrom(device, sender, enc));
  if (opened === undefined) return;
  if (device.id === hostedDevice) person.inbox.readByProvider(message.id);
  if (device.id !== 0) return;
  if (person === from.person) {
    if (node.attrs["category"] === "peer") await takePeerMessage(world, arrival, opened);
    else takeOwnCopy(world, arrival, opened);
    return;
  }
  person.addressing.set(from.person.number, addressing);
  takeIn(world, { person, arrival }, opened);
}

function arrivalOf({ message, person, device, chat, addressing }: Copy): Arrival {
  const { from, id, node } = message;
  const isOwn = person === from.person;
  const other = isOwn ? chat : from.person;
  return {
    from,
    id,
    addressing,
    chat: other.number,
    chatJid: jidOf(other, addressing),
    origin: { from: jidOf(person, addressing, device) },
    attrs: pick(node.attrs, ["type", "edit"]),
    beside: besideOf(node),
  };
}

/** Passes a client's message on to another client; what only the server needs stays here. */
function relayCopy(world: World, companion: Companion, copy: Copy): void {
  const { message, person, enc, chat, addressing } = copy;
  const { from, id, node } = message;
  const names =
    person === from.person
      ? ownCopyAttrs({ person, device: from.id }, chat, addressing)
      : senderAttrs(from.person, addressing, from.id);
  const attrs = { ...names, id, t: world.seconds(), ...pick(node.attrs, ["type", "edit", "category"]) };
  const beside = childrenOf(node).filter(({ tag }) => !["participants", "enc", "tctoken"].includes(tag));
  world.post(companion, stanza("message", attrs, [enc, ...beside]));
}

/** Other clients of the author see that the message arrived or was read. */
function relayReceipt(world: World, receipt: ClientReceipt): void {
  const { from, to, node } = receipt;
  const relayed = relayedType(receipt.type);
  const author = world.directory.find(to);
  if (relayed === undefined || author === undefined || author === from.person) return;
  const origin = { from: jidOf(from.person, addressingOf(to), from.id) };
  const attrs = { ...origin, id: node.attrs["id"], type: relayed.type, t: world.seconds() };
  const { content } = node;
  for (const companion of author.companions.values())
    world.post(companion, { ...stanza("receipt", attrs), ...(content !== undefined && { content }) });
}

/** How a chat with this jid is addressed. */
function addressingOf(jid: string): Addressing {
  return parseUserJid(jid)?.addressing ?? "pn";
}

function pick(attrs: BinaryNode["attrs"], names: readonly string[]): BinaryNode["attrs"] {
  return Object.fromEntries(names.flatMap((name) => (attrs[name] === undefined ? [] : [[name, attrs[name]]])));
}
