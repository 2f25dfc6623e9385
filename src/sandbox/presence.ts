import type { BinaryNode } from "@whiskeysockets/baileys";
import { setBounded } from "./bounded.ts";
import type { Companion } from "./companion.ts";
import type { Connection } from "./connection.ts";
import { jidOf } from "./messages/envelope.ts";
import { chatKindOf } from "./messages/route.ts";
import { childrenOf, stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

const maxWatched = 1000;

/** A client says whether it is online, or wants to see whether somebody else is. */
export function takePresence(
  world: World,
  { connection, from }: { readonly connection: Connection; readonly from: Companion },
  node: BinaryNode,
): void {
  const { type = "available", to } = node.attrs;
  if (type === "subscribe" || type === "unsubscribe") {
    const watched = world.directory.identify(to ?? "");
    if (to === undefined || watched === undefined) return;
    if (type === "unsubscribe") from.watched.delete(watched.number);
    else setBounded(from.watched, { key: watched.number, value: true }, maxWatched);
    const person = world.directory.known(watched.number);
    const { state = "unavailable", at } = person?.presence ?? {};
    const last = state === "available" || at === undefined ? undefined : Math.floor(at / 1000);
    connection.send(stanza("presence", { from: to, type: state, last }));
    return;
  }
  if (type === "available" || type === "unavailable") setPresence(world, from, type);
}

/** A client that goes away is not online any more. */
export function leave(world: World, companion: Companion): void {
  if (companion.presence === "available") setPresence(world, companion, "unavailable");
}

function setPresence(world: World, from: Companion, state: "available" | "unavailable"): void {
  const { person } = from;
  const at = world.options.clock.now();
  from.presence = state;
  person.presence = { state, at };
  const last = state === "unavailable" ? Math.floor(at / 1000) : undefined;
  for (const other of world.connections) {
    if (other.companion?.watched.has(person.number) !== true) continue;
    other.send(stanza("presence", { from: jidOf(person, "pn"), type: state, last }));
  }
}

/** Typing is seen by other clients only; the people the sandbox plays do not look. */
export function takeChatState(world: World, from: Companion, node: BinaryNode): void {
  const { to = "" } = node.attrs;
  const chat = chatKindOf(world, to);
  const origin = chat?.origin(to, from.person) ?? {};
  for (const companion of chat?.audience(to, from.person) ?? []) {
    if (companion.person === from.person) continue;
    companion.connection?.send(stanza("chatstate", origin, childrenOf(node)));
  }
}
