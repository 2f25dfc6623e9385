import type { WAMessageKey } from "@whiskeysockets/baileys";
import type { ChatRef, PersonRef } from "#domain/captured.ts";
import { isBroadcastJid, isGroupJid, isLidJid, isPersonJid, isStatusJid, userOf } from "#domain/jid.ts";
import type { LidPair } from "#store/records.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { storable } from "./content/converted.ts";
import { isOwn, ownPerson } from "./scene.ts";

/** Where a message belongs and who wrote it. */
export interface Place {
  readonly chat: ChatRef;
  readonly sender: PersonRef;
  /** Numbers behind LIDs that its stanza named. */
  readonly pairs: readonly LidPair[];
}

/** Reads the key of a message. */
export async function placeOf(book: AddressBook, owner: Owner, key: WAMessageKey): Promise<Place | undefined> {
  const remoteJid = key.remoteJid ?? undefined;
  if (remoteJid === undefined || remoteJid === "") return undefined;
  const fromMe = key.fromMe === true;
  const shared = isGroupJid(remoteJid) || isBroadcastJid(remoteJid);
  const author = key.participant === null || key.participant === "" ? undefined : key.participant;
  // What a sender posted to a list of theirs belongs into the chat with them.
  const fromList = isBroadcastJid(remoteJid) && !isStatusJid(remoteJid) && !fromMe && author !== undefined;
  const chatJid = fromList ? author : remoteJid;
  // WhatsApp protocol: on own messages the other half of the pair can be our own number.
  const chatAlt = isOwn(owner, key.remoteJidAlt) && !isOwn(owner, chatJid) ? undefined : key.remoteJidAlt;
  const pairs = [...pairOf(chatJid, chatAlt), ...pairOf(author, key.participantAlt)];
  book.learn(owner.instanceId, pairs);
  const chat = await book.chat(owner, chatJid, chatAlt);
  const named = shared ? key.participantUsername : key.remoteJidUsername;
  const sender = fromMe
    ? ownPerson(owner)
    : await book.person(owner, (shared ? author : undefined) ?? chatJid, shared ? key.participantAlt : chatAlt);
  const username = storable(named ?? "");
  return { chat, sender: fromMe || username === "" ? sender : { ...sender, username }, pairs };
}

/** The pair that two JIDs of one person are; none when they are not. */
export function pairOf(one: string | undefined, other: string | undefined): readonly LidPair[] {
  if (one === undefined || other === undefined) return [];
  if (isLidJid(one) && isPersonJid(other)) return [{ lid: userOf(one), phone: userOf(other) }];
  return isPersonJid(one) && isLidJid(other) ? [{ lid: userOf(other), phone: userOf(one) }] : [];
}
