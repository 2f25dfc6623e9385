import { userJid, type Addressing } from "../jid.ts";
import type { Person } from "../person.ts";

/** Attributes of a stanza. */
export type Attrs = Readonly<Record<string, string | undefined>>;

/** How a message stanza names a sender, its name and its other address. */
export function senderAttrs(sender: Person, addressing: Addressing, device = 0): Attrs {
  const { number, lid, name, username } = sender;
  // WhatsApp protocol: whoever has a username writes by LID, and no number is told.
  if (username !== undefined) {
    return { from: userJid(lid, "lid", device), username, notify: name.includes(number) ? username : name };
  }
  return addressing === "pn"
    ? { from: userJid(number, "pn", device), sender_lid: userJid(lid, "lid"), notify: name }
    : { from: userJid(lid, "lid", device), sender_pn: userJid(number, "pn"), notify: name };
}

/**
 * How a message that the account itself wrote, on another device, names sender and chat: the other address in it is the
 * chat's, not the sender's.
 */
export function ownCopyAttrs(
  own: { readonly person: Person; readonly device: number },
  chat: Person,
  addressing: Addressing,
): Attrs {
  const { person, device } = own;
  const names = { recipient: jidOf(chat, addressing), notify: person.name };
  return addressing === "pn"
    ? { ...names, from: userJid(person.number, "pn", device), peer_recipient_lid: userJid(chat.lid, "lid") }
    : { ...names, from: userJid(person.lid, "lid", device), peer_recipient_pn: userJid(chat.number, "pn") };
}

/** A person's jid in one of the two addressings. */
export function jidOf(person: Pick<Person, "number" | "lid">, addressing: Addressing, device = 0): string {
  return userJid(addressing === "pn" ? person.number : person.lid, addressing, device);
}
