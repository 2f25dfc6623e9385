import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { ClientMessage } from "../chat-kind.ts";
import type { Companion } from "../companion.ts";
import { decryptFrom, sessionAddress } from "../messages/decrypt.ts";
import { hostedDevice } from "../jid.ts";
import { takeOwnCopy } from "../messages/own-phone.ts";
import { besideOf, openArrival, takeIn, type Arrival } from "../messages/receive.ts";
import type { Person, SimulatedDevice } from "../person.ts";
import { bytesOf, childOf, childrenOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { originIn, type Circle } from "./circle.ts";
import { authorAttrs } from "./group-stanzas.ts";

/** A client's message on its way through a chat of many. */
interface Delivery {
  readonly circle: Circle;
  readonly message: ClientMessage;
  /** What is for one device only, by number and device: the sender's key. */
  readonly keys: ReadonlyMap<string, readonly BinaryNode[]>;
  /** What is for everybody. */
  readonly shared: readonly BinaryNode[];
}

/** Brings a client's message to these people: to those the sandbox plays, and to other clients. */
export async function deliverInCircle(
  world: World,
  to: { readonly circle: Circle; readonly readers: readonly Person[] },
  message: ClientMessage,
): Promise<void> {
  const { circle, readers } = to;
  const { node } = message;
  const shared = childrenOf(node, "enc");
  const { participant } = node.attrs;
  if (participant !== undefined) {
    // Sent again, to the one device that asked for it.
    const identity = world.directory.identify(participant);
    const person = world.directory.find(participant);
    if (identity === undefined || person === undefined) return;
    const delivery = { circle, message, shared: [], keys: new Map([[keyOf(person, identity.device), shared]]) };
    await deliverToPerson(world, delivery, person);
    return;
  }
  const delivery = { circle, message, shared, keys: keysByDevice(world, node) };
  for (const person of readers) await deliverToPerson(world, delivery, person);
}

/** The people whom a message carries keys for. */
export function listedPeople(world: World, node: BinaryNode): readonly Person[] {
  const listed = childrenOf(childOf(node, "participants"), "to");
  return [...new Set(listed.flatMap(({ attrs }) => world.directory.find(attrs["jid"] ?? "") ?? []))];
}

function keysByDevice(world: World, node: BinaryNode): ReadonlyMap<string, readonly BinaryNode[]> {
  const listed = childrenOf(childOf(node, "participants"), "to").flatMap((target) => {
    const identity = world.directory.identify(target.attrs["jid"] ?? "");
    return identity === undefined ? [] : [[keyOf(identity, identity.device), childrenOf(target, "enc")] as const];
  });
  return new Map(listed);
}

const keyOf = ({ number }: Pick<Person, "number">, device: number): string => `${number}:${device}`;

async function deliverToPerson(world: World, delivery: Delivery, person: Person): Promise<void> {
  const { message, keys, shared } = delivery;
  const encsFor = (device: number): readonly BinaryNode[] => [...(keys.get(keyOf(person, device)) ?? []), ...shared];
  for (const device of person.devices.values()) {
    // WhatsApp protocol: a provider's device is no reader of chats of many, unless a client gives it the key.
    if (device.id === hostedDevice && !keys.has(keyOf(person, device.id))) continue;
    const encs = encsFor(device.id);
    if (encs.length > 0) await receive(world, delivery, { device, encs });
  }
  for (const companion of person.companions.values()) {
    const encs = encsFor(companion.id);
    // Some clients send their own device a copy; it would not know what to do with it.
    if (encs.length > 0 && companion !== message.from) relay(world, delivery, { companion, encs });
  }
}

async function receive(
  world: World,
  { circle, message }: Delivery,
  at: { readonly device: SimulatedDevice; readonly encs: readonly BinaryNode[] },
): Promise<void> {
  const { device, encs } = at;
  const { person } = device;
  const { from, id, node } = message;
  const author = sessionAddress(from, circle.addressing);
  if (message.leavesOut === true && encs.every(isShared) && !device.signal().hasSenderKey(circle.jid, author)) return;
  const arrival: Arrival = {
    from,
    id,
    addressing: circle.addressing,
    chat: circle.jid,
    chatJid: circle.jid,
    origin: originIn(circle, person, device.id),
    attrs: picked(node.attrs, ["type", "edit"]),
    beside: besideOf(node),
  };
  const open = async (): Promise<proto.IMessage> => openAll(circle, { device, from }, encs);
  const opened = await openArrival(world, { device, arrival }, open);
  if (opened === undefined || device.id !== 0 || !hasBody(opened)) return;
  if (person === from.person) takeOwnCopy(world, arrival, opened);
  else takeIn(world, { person, arrival }, opened);
}

const isShared = ({ attrs }: BinaryNode): boolean => attrs["type"] === "skmsg";

/** Opens every part: keys are kept, the rest is the message. */
async function openAll(
  circle: Circle,
  at: { readonly device: SimulatedDevice; readonly from: Companion },
  encs: readonly BinaryNode[],
): Promise<proto.IMessage> {
  const { device, from } = at;
  const { jid, addressing } = circle;
  const signal = device.signal();
  const sender = sessionAddress(from, addressing);
  let message: proto.IMessage = {};
  for (const enc of encs) {
    const part =
      enc.attrs["type"] === "skmsg"
        ? await signal.decryptGroup(jid, sender, bytesOf(enc) ?? new Uint8Array(0))
        : await decryptFrom(device, { companion: from, addressing }, enc);
    const { senderKeyDistributionMessage: key, ...rest } = part;
    const distribution = key?.axolotlSenderKeyDistributionMessage;
    if (distribution) await signal.processSenderKey(jid, sender, distribution);
    if (hasBody(rest)) message = rest;
  }
  return message;
}

/** Whether there is anything to show in it. */
function hasBody(message: proto.IMessage): boolean {
  return Object.entries(message).some(
    ([name, value]) => value !== null && value !== undefined && name !== "messageContextInfo",
  );
}

/** Passes the message on to another client, with its own key in front. */
function relay(
  world: World,
  { circle, message }: Delivery,
  to: { readonly companion: Companion; readonly encs: readonly BinaryNode[] },
): void {
  const { from, id, node } = message;
  const attrs = { ...picked(node.attrs, ["type", "edit"]), id, t: world.seconds(), from: circle.jid };
  const beside = childrenOf(node).filter(({ tag }) => tag !== "participants" && tag !== "enc");
  const content = [...to.encs, ...beside];
  world.post(to.companion, stanza("message", { ...attrs, ...authorAttrs(circle, from.person, from.id) }, content));
}

function picked(attrs: BinaryNode["attrs"], names: readonly string[]): BinaryNode["attrs"] {
  return Object.fromEntries(Object.entries(attrs).filter(([name]) => names.includes(name)));
}
