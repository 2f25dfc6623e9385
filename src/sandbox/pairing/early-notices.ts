import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Connection } from "../connection.ts";
import { serverJid, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";

/** A notification that a client got before it was linked. */
interface EarlyNotice {
  readonly type: string;
  /** How often it was acknowledged. */
  acks: number;
  /** The trace has said already that no acknowledgement came. */
  isMissed: boolean;
}

/** All of them, by id. */
export type EarlyNotices = Map<string, EarlyNotice>;

/** How long a client may take to acknowledge; afterwards the trace names it. */
const ackMs = 10_000;

/**
 * Sends a notification to a client that waits to be linked; answers its id. WhatsApp protocol: clients acknowledge every
 * notification, linked or not.
 */
export function notifyEarly(
  world: World,
  connection: Connection,
  notice: { readonly type: string; readonly content: readonly BinaryNode[] },
): string {
  const { type, content } = notice;
  const id = world.nextId();
  connection.pairing?.notices.set(id, { type, acks: 0, isMissed: false });
  connection.send(stanza("notification", { from: serverJid, type, id, t: world.seconds() }, content));
  world.later(ackMs, () => {
    if (connection.isOpen()) isAcknowledged(world, connection, id);
  });
  return id;
}

/** Whether the client acknowledged this notification; when it did not, the trace says so, once. */
export function isAcknowledged(world: World, { pairing }: Connection, id: string): boolean {
  const notice = pairing?.notices.get(id);
  if (notice === undefined || world.behaviour.earlyAcks === "ignored" || notice.acks > 0) return true;
  if (!notice.isMissed) world.trace.refusal("missing-ack", `nobody acknowledged ${notice.type} before the login`);
  notice.isMissed = true;
  return false;
}

/** Takes what a client says to a notification. */
export function takeEarlyAck(world: World, { pairing }: Connection, node: BinaryNode): void {
  const notice = pairing?.notices.get(node.attrs["id"] ?? "");
  if (notice === undefined || node.attrs["class"] !== "notification") return;
  notice.acks += 1;
  if (notice.acks < 2 || world.behaviour.earlyAcks === "ignored") return;
  world.trace.refusal("double-ack", `${notice.type} was acknowledged twice before the login`);
}
