import type { BinaryNode } from "@whiskeysockets/baileys";
import { setBounded } from "./bounded.ts";
import type { Companion } from "./companion.ts";
import type { Connection } from "./connection.ts";
import { silenceByFault } from "./disconnect.ts";
import { answerIq, type IqTable } from "./iq/table.ts";
import { jidOf } from "./messages/envelope.ts";
import { chatKindOf, routeMessage, routeReceipt, takeAck } from "./messages/route.ts";
import { takePairingStanza } from "./pairing-requests.ts";
import { childOf, childrenOf, stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/** Takes the next stanza of a connection; it is handled completely before the one after it. */
export async function takeStanza(
  deps: { readonly world: World; readonly table: IqTable },
  connection: Connection,
  node: BinaryNode,
): Promise<void> {
  const { world } = deps;
  const from = connection.companion;
  if (from !== undefined) silenceByFault(world, connection, from.person.number);
  if (connection.isSilent()) return;
  world.trace.stanza("in", from === undefined ? {} : { number: from.person.number, device: from.id }, node);
  const isAnswer = node.tag === "iq" && (node.attrs["type"] === "result" || node.attrs["type"] === "error");
  if (isAnswer) {
    connection.answered(node);
    return;
  }
  if (from === undefined) return takePairingStanza(world, connection, node);
  const at = { connection, from };
  switch (node.tag) {
    case "iq":
      return answerIq(deps, at, node);
    case "message":
      return routeMessage(world, at, node);
    case "receipt":
      return routeReceipt(world, at, node);
    case "ack":
      return takeAck(world, from, node);
    case "ib":
      return takeInfo(connection, node);
    case "presence":
      return takePresence(world, at, node);
    case "chatstate":
      return takeChatState(world, from, node);
    case "call":
      return answerCall(world, at, node);
    default:
      world.trace.unhandled(from.person.number, node);
  }
}

const defaultBatch = 100;

function takeInfo(connection: Connection, node: BinaryNode): void {
  const batch = childOf(node, "offline_batch");
  if (batch !== undefined) connection.backlog?.request(Number(batch.attrs["count"] ?? defaultBatch));
}

const maxWatched = 1000;

function takePresence(
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
  if (type !== "available" && type !== "unavailable") return;
  from.presence = type;
  from.person.presence = { state: type, at: world.options.clock.now() };
  for (const other of world.connections) {
    if (other.companion?.watched.has(from.person.number) !== true) continue;
    other.send(stanza("presence", { from: jidOf(from.person, "pn"), type }));
  }
}

/** Typing is seen by other clients only; the people the sandbox plays do not look. */
function takeChatState(world: World, from: Companion, node: BinaryNode): void {
  const { to = "" } = node.attrs;
  const chat = chatKindOf(world, to);
  const origin = chat?.origin(to, from.person) ?? {};
  for (const companion of chat?.audience(to, from.person) ?? []) {
    if (companion.person === from.person) continue;
    companion.connection?.send(stanza("chatstate", origin, childrenOf(node)));
  }
}

/** Calls are not connected: the server only acknowledges what clients say about them, and hands out links. */
function answerCall(_world: World, { connection }: { readonly connection: Connection }, node: BinaryNode): void {
  const { id, to } = node.attrs;
  const link = childOf(node, "link_create");
  const answer =
    link === undefined ? [] : [stanza("link_create", { token: `sandbox${id ?? ""}`, media: link.attrs["media"] })];
  connection.send(stanza("ack", { class: "call", id, from: to, type: childrenOf(node)[0]?.tag }, answer));
}
