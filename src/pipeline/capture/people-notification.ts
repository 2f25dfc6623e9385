import type { BinaryNode } from "@whiskeysockets/baileys";
import { canonicalJid, isGroupJid, isLidJid, isPersonJid } from "#domain/jid.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { type CapturedOne, joined, nothing } from "./captured-one.ts";
import { contactHash, type HashedPeople } from "./hashed-people.ts";
import { childOf, timeOf } from "./node.ts";
import { isOwn, sceneOf } from "./scene.ts";

interface Input {
  readonly owner: Owner;
  readonly now: number;
}

/** What reading notifications about people works with. */
export interface PeopleDeps {
  readonly book: AddressBook;
  readonly hashed: HashedPeople;
  readonly tell?: PeopleListener | undefined;
}

/** Told of what becomes neither event nor row; must not throw. */
export interface PeopleListener {
  /** Something about this person changed, most often the picture. */
  readonly changed: (instanceId: string, jid: string) => void;
  /** Somebody was named by a hash that nobody has whom the account knows. */
  readonly unmatched: () => void;
}

/**
 * A new picture, or none any more. WhatsApp protocol (WhatsApp Web): whose it is says `jid` in the change, or `hash` for
 * somebody who is not in the address book; `from` may then be a LID that nothing else names.
 */
export async function captureNamedPicture(deps: PeopleDeps, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { from } = node.attrs;
  const change = childOf(node, "set") ?? childOf(node, "delete");
  const { jid, hash } = change?.attrs ?? {};
  if (from === undefined || isGroupJid(from)) return capturePicture(deps.book, input, node);
  if (jid !== undefined || hash === undefined) return capturePicture(deps.book, input, named(node, jid ?? from));
  const people = await hashedPeople(deps, input.owner, { hash, from });
  if (people.length > 0) {
    const all = people.map((one) => capturePicture(deps.book, input, named(node, one)));
    const { captured, records } = joined(await Promise.all(all));
    // One stanza, one key each.
    return {
      ...records,
      captured: captured.map((one, index) =>
        one.kind === "notification" && index > 0 ? { ...one, key: `${one.key}:${index}` } : one,
      ),
    };
  }
  deps.tell?.unmatched();
  return isOwn(input.owner, from) ? nothing : capturePicture(deps.book, input, node);
}

const named = (node: BinaryNode, from: string): BinaryNode => ({ ...node, attrs: { ...node.attrs, from } });

/** Nobody is told of it; what is kept of the person is asked for anew. */
export async function captureChangedPerson(deps: PeopleDeps, { owner }: Input, node: BinaryNode): Promise<CapturedOne> {
  const update = childOf(node, "update");
  const { jid, hash } = update?.attrs ?? {};
  const from = jid ?? node.attrs["from"];
  if (update === undefined || from === undefined) return nothing;
  const people = jid === undefined && hash !== undefined ? await hashedPeople(deps, owner, { hash, from }) : [from];
  if (people.length === 0) deps.tell?.unmatched();
  for (const one of people) {
    const { chatId } = await deps.book.chat(owner, one);
    if (isOwn(owner, chatId)) continue;
    if (isPersonJid(chatId) || isLidJid(chatId)) deps.tell?.changed(owner.instanceId, chatId);
  }
  return nothing;
}

/** Three bytes are not much: more than one may have them. */
const maxMatches = 3;

/** Who has this hash: the named one, else those the account knows. */
async function hashedPeople(
  { book, hashed }: PeopleDeps,
  owner: Owner,
  { hash, from }: { readonly hash: string; readonly from: string },
): Promise<readonly string[]> {
  const { phone, lid } = await book.person(owner, canonicalJid(from));
  const names = [from, ...(phone === undefined ? [] : [phone]), ...(lid === undefined ? [] : [lid])];
  if (names.some((name) => contactHash(name) === hash)) return [from];
  return (await hashed.find(owner.instanceId, hash)).slice(0, maxMatches);
}

async function capturePicture(book: AddressBook, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { owner, now } = input;
  const { from, id } = node.attrs;
  const change = childOf(node, "set") ?? childOf(node, "delete");
  if (from === undefined || change === undefined) return nothing;
  const own = isOwn(owner, from);
  const isGroup = isGroupJid(from);
  const author = change.attrs["author"] ?? (isGroup ? undefined : from);
  const actor = author === undefined ? undefined : await book.person(owner, canonicalJid(author));
  const chat = await book.chat(owner, from);
  const scene = await sceneOf(book, owner, {
    chat,
    sender: actor ?? { jid: chat.chatId },
    fromMe: own || isOwn(owner, author),
    at: timeOf(node, now),
  });
  const picture = change.tag === "set" ? change.attrs["id"] : undefined;
  const name = own ? "PROFILE_PICTURE_UPDATED" : isGroup ? "GROUP_CHANGE_ICON" : "CONTACT_PICTURE_UPDATED";
  return {
    captured: [
      {
        kind: "notification",
        ...scene,
        name,
        key: id ?? `${scene.at}`,
        ...(id === undefined || own ? {} : { messageId: id }),
        ...(own || picture === undefined ? {} : { parameters: [picture] }),
        ...(own && change.tag === "set" ? { hasNewPhoto: true } : {}),
        ...(isGroup && actor !== undefined ? { participant: actor } : {}),
      },
    ],
    // The link of the one before is no longer right; the new one is asked for once this is stored.
    ...(own ? { contacts: [{ contactId: chat.chatId, photoUrl: "" }] } : {}),
  };
}
