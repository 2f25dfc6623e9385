import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Connection } from "./connection.ts";
import { silenceByFault } from "./disconnect.ts";
import { answerIq, type IqTable } from "./iq/table.ts";
import { routeMessage, routeReceipt, takeAck } from "./messages/route.ts";
import { takePairingStanza } from "./pairing-requests.ts";
import { takeChatState, takePresence } from "./presence.ts";
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
      return answerCall(connection, node);
    default:
      world.trace.unhandled(from.person.number, node);
  }
}

const defaultBatch = 100;

function takeInfo(connection: Connection, node: BinaryNode): void {
  const batch = childOf(node, "offline_batch");
  if (batch === undefined) return;
  const count = Number(batch.attrs["count"]);
  connection.backlog?.request(Number.isInteger(count) && count > 0 ? count : defaultBatch);
}

/** Calls are not connected: the server only acknowledges what clients say about them, and hands out links. */
function answerCall(connection: Connection, node: BinaryNode): void {
  const { id, to } = node.attrs;
  const link = childOf(node, "link_create");
  const answer =
    link === undefined ? [] : [stanza("link_create", { token: `sandbox${id ?? ""}`, media: link.attrs["media"] })];
  connection.send(stanza("ack", { class: "call", id, from: to, type: childrenOf(node)[0]?.tag }, answer));
}
