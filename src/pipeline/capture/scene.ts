import type { ChatRef, PersonRef, Scene } from "#domain/captured.ts";
import { canonicalJid, isGroupJid, personJid } from "#domain/jid.ts";
import type { AddressBook, Owner } from "./address-book.ts";

/** What a stanza says about the place and the actor of something. */
export interface Happening {
  readonly chat: ChatRef;
  readonly sender: PersonRef;
  readonly fromMe: boolean;
  readonly at: number;
  readonly pushName?: string | undefined;
  readonly broadcast?: boolean;
}

/** Adds names and pictures as far as the table has them. */
export async function sceneOf(book: AddressBook, owner: Owner, happening: Happening): Promise<Scene> {
  const { chat, sender, fromMe, at, pushName, broadcast } = happening;
  const chatRow = await book.chatRow(owner, chat.chatId);
  const person = await contactOf(book, owner, sender);
  const chatContact = isGroupJid(chat.chatId) ? undefined : await book.contact(owner, chat.chatId);
  const chatName = chatRow?.name ?? chatContact?.name ?? (fromMe ? chatContact?.pushName : undefined);
  // Empty is known to have none.
  const chatPhoto = chatRow?.photoUrl || chatContact?.photoUrl || undefined;
  const name = person?.name ?? person?.verifiedName ?? person?.pushName;
  return {
    chat,
    sender: name === undefined ? sender : { ...sender, name },
    fromMe,
    at,
    connectedPhone: owner.own.phone,
    ...(pushName ? { pushName } : {}),
    ...(chatName === undefined || chatName === "" ? {} : { chatName }),
    ...(chatPhoto === undefined ? {} : { chatPhoto }),
    ...(person?.photoUrl ? { senderPhoto: person.photoUrl } : {}),
    broadcast: broadcast ?? false,
  };
}

/** Whether a JID is the own account. */
export function isOwn(owner: Owner, jid: string | null | undefined): boolean {
  if (jid === null || jid === undefined) return false;
  const canonical = canonicalJid(jid);
  return canonical === personJid(owner.own.phone) || canonical === `${owner.own.lid ?? ""}@lid`;
}

/** The own account as a person. */
export function ownPerson(owner: Owner): PersonRef {
  const { phone, lid } = owner.own;
  return { jid: personJid(phone), phone, ...(lid === undefined ? {} : { lid: `${lid}@lid` }) };
}

/** Contacts are kept under their number where it is known. */
async function contactOf(book: AddressBook, owner: Owner, person: PersonRef) {
  const byPhone = person.phone === undefined ? undefined : await book.contact(owner, personJid(person.phone));
  return byPhone ?? (person.lid === undefined ? undefined : await book.contact(owner, person.lid));
}
