import type { proto } from "@whiskeysockets/baileys";
import { personJid } from "#domain/jid.ts";
import { unwrap } from "../unwrap.ts";
import { type ContentContext, textOr } from "./converted.ts";

/**
 * WhatsApp protocol: a key inside a message is written from its sender's side. The client turns those of reactions and
 * votes to ours, and no others.
 */
export function fromOurSide(key: proto.IMessageKey | null | undefined, { fromMe, isGroup, sender }: ContentContext) {
  if (!key || fromMe) return key;
  if (key.fromMe === true) return { ...key, fromMe: false, participant: key.participant || sender.jid };
  // What the other one of two did not write is ours.
  return { ...key, fromMe: !isGroup };
}

/** A message that others can answer in secret. */
export interface Answered {
  readonly message: proto.IMessage;
  readonly secret: Uint8Array;
  /** JIDs its author may have gone by. */
  readonly authors: readonly string[];
}

/** The stored message and its secret; undefined when it is not known here, or has none. */
export async function secretOf(messageId: string, context: ContentContext): Promise<Answered | undefined> {
  const stored = await context.stored(messageId);
  if (!stored?.message) return undefined;
  const { message } = unwrap(stored.message);
  const secret = message.messageContextInfo?.messageSecret ?? stored.message.messageContextInfo?.messageSecret;
  if (!secret || secret.length === 0) return undefined;
  // In chats of two the client leaves an empty participant behind.
  const author =
    stored.key?.fromMe === true ? personJid(context.ownPhone) : stored.key?.participant || stored.key?.remoteJid;
  return { message, secret, authors: await namesOf(textOr(author), context) };
}

/** Number and LID of a person: nobody says under which of them an answer was sealed. */
async function namesOf(jid: string, context: ContentContext): Promise<readonly string[]> {
  const person = await context.person(jid);
  const all = [person.phone === undefined ? undefined : personJid(person.phone), person.lid, person.jid];
  return [...new Set(all.filter((name) => name !== undefined))];
}

/** Tries each pair of names; undefined when it is none of them. */
export async function decryptedBy<T>(
  answered: Answered,
  context: ContentContext,
  decrypt: (author: string, answering: string) => T,
): Promise<T | undefined> {
  const answering = await namesOf(context.sender.jid, context);
  for (const author of answered.authors) {
    for (const name of answering) {
      try {
        return decrypt(author, name);
      } catch {
        // Sealed under another pair of names.
      }
    }
  }
  return undefined;
}
