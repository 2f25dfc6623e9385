import type { proto } from "@whiskeysockets/baileys";
import type { Addressing } from "../jid.ts";
import { jidOf } from "../messages/envelope.ts";
import type { Person } from "../person.ts";

/** A chat of many, whose messages are encrypted under sender keys: a group, or everybody's status. */
export interface Circle {
  readonly jid: string;
  /** How its members are named. */
  readonly addressing: Addressing;
}

/** How a stanza in the chat names somebody: the chat, and who it is. */
export function originIn({ jid, addressing }: Circle, person: Person, device = 0): Record<string, string> {
  return { from: jid, participant: jidOf(person, addressing, device) };
}

/** What hands a sender key over; `distribution` is the key as it stands. */
export function keyMessage({ jid }: Circle, distribution: Uint8Array): proto.IMessage {
  return { senderKeyDistributionMessage: { groupId: jid, axolotlSenderKeyDistributionMessage: distribution } };
}
