import type { BinaryNode } from "@whiskeysockets/baileys";
import type { ClientMessage } from "../chat-kind.ts";
import type { Companion } from "../companion.ts";
import type { Connection } from "../connection.ts";
import type { ChatKind } from "../chat-kind.ts";
import { refuseReach } from "../reach/refuse-reach.ts";
import { noteToken } from "../reach/tokens.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { ackHints } from "./ack-hints.ts";
import { uploadAgain } from "./media-retry.ts";
import { receiptIds } from "./receipts.ts";

/** The kind of chat a jid belongs to. */
export function chatKindOf(world: World, jid: string): ChatKind | undefined {
  return world.chats.find((kind) => kind.accepts(jid));
}

/** Takes a client's message: acknowledges it, then brings it to everybody; or refuses it with an error in the ack. */
export async function routeMessage(
  world: World,
  at: { readonly connection: Connection; readonly from: Companion },
  node: BinaryNode,
): Promise<void> {
  const { connection, from } = at;
  const { id = "", to = "" } = node.attrs;
  const ack = (error?: number, hints: ReturnType<typeof ackHints> = {}): void => {
    const { participant, recipient } = node.attrs;
    const attrs = { class: "message", id, from: to, t: world.seconds(), participant, recipient, error, ...hints };
    connection.send(stanza("ack", attrs));
  };
  const about = { number: from.person.number, messageId: id };
  const refused = world.faults.match("ack-error", about);
  if (refused !== undefined) return ack(refused.code ?? defaultAckError);
  const chat = chatKindOf(world, to);
  if (chat === undefined) {
    world.trace.unhandled(from.person.number, node);
    return ack(unknownChat);
  }
  const message: ClientMessage = { from, id, to, node };
  const refusal = chat.refuse?.(message) ?? refuseReach(world, message);
  if (refusal !== undefined) return ack(refusal);
  const delayed = world.faults.match("ack-delay", about);
  const dropped = world.faults.match("ack-drop", about);
  const hints = ackHints(world, { from, to, id });
  if (delayed !== undefined) world.later(delayed.ms ?? 0, () => ack(undefined, hints));
  else if (dropped === undefined) ack(undefined, hints);
  await chat.deliver({ ...message, leavesOut: hints["phash"] !== undefined });
}

/** Takes a client's receipt: it confirms what was sent to the client, and the other side learns of it. */
export async function routeReceipt(
  world: World,
  at: { readonly connection: Connection; readonly from: Companion },
  node: BinaryNode,
): Promise<void> {
  const { connection, from } = at;
  const { id = "", to = "", type, participant } = node.attrs;
  if (type === "retry" && world.faults.match("retry-drop", { number: from.person.number, messageId: id })) {
    // As if it had been lost on its way.
    return connection.drop();
  }
  connection.send(stanza("ack", { class: "receipt", id, from: to, type, participant }));
  // WhatsApp protocol: it goes to the own phone and is about a file, whatever its name says.
  if (type === "server-error") return uploadAgain(world, from, node);
  const chat = chatKindOf(world, to);
  if (type === "retry") return chat?.retry({ from, to, id, node });
  const ids = receiptIds(node);
  const addressee = world.behaviour.receiptTo === "checked" ? { addressee: { to: node.attrs["to"], participant } } : {};
  for (const messageId of ids)
    confirmQueued(world, from, { tag: "message", id: messageId, isAck: false, ...addressee });
  await chat?.receipt({ from, to, ids, type, node });
}

/** Takes a client's ack of a stanza from its queue; with an error it is none, unless the sandbox is kind. */
export function takeAck(world: World, from: Companion, node: BinaryNode): void {
  const { class: tag, id, type, participant, error } = node.attrs;
  if (tag === undefined || id === undefined) return;
  const ack = { tag, id, isAck: true, type, participant };
  if (error === undefined || world.behaviour.errorAck === "confirms") return confirmQueued(world, from, ack);
  if (from.queue.refuse(ack) !== undefined) world.changed();
}

function confirmQueued(
  world: World,
  from: Companion,
  confirmation: Parameters<Companion["queue"]["confirm"]>[0],
): void {
  const about = { number: from.person.number, messageId: confirmation.id };
  if (world.faults.match("confirm-drop", about) !== undefined) return;
  for (;;) {
    const confirmed = from.queue.confirm(confirmation);
    if (confirmed === undefined) return;
    from.connection?.backlog?.confirmed(confirmed);
    noteToken(world, from, confirmed.node);
    world.changed();
    // What it refused before is released with the copy that was sent again.
    if (!confirmed.isRefused) return;
  }
}

/** WhatsApp protocol: the account may not write to this person. */
const defaultAckError = 463;
/** Nobody is reached by such a jid. */
const unknownChat = 404;
