import { proto, type BaileysEventMap } from "@whiskeysockets/baileys";
import type { CapturedHistory } from "#domain/captured.ts";
import { canonicalJid, isGroupJid, isLidJid, isPersonJid, personJid, userOf } from "#domain/jid.ts";
import type { ChatPatch, ContactPatch, LidPair, StoredMessage } from "#store/records.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import type { CapturedOne } from "./captured-one.ts";
import { given } from "./content/converted.ts";
import { epochMsOf, numberOf, plainOf } from "./numbers.ts";
import { isOwn } from "./scene.ts";
import { contentName, unwrap } from "./unwrap.ts";

type Contact = Partial<BaileysEventMap["contacts.upsert"][number]>;
type Chat = BaileysEventMap["chats.update"][number];
type Group = BaileysEventMap["groups.update"][number];

/** Contacts: names, pictures, and the numbers behind their LIDs. The picture of a group comes this way, too. */
export async function captureContacts(
  book: AddressBook,
  owner: Owner,
  contacts: readonly Contact[],
): Promise<CapturedOne> {
  const lidPairs = contacts.flatMap(pairOfContact);
  book.learn(owner.instanceId, lidPairs);
  const patches: ContactPatch[] = [];
  const chats: ChatPatch[] = [];
  for (const contact of contacts) {
    if (contact.id === undefined || contact.id === "") continue;
    const photo = photoOf(contact);
    if (isGroupJid(contact.id)) {
      book.forgetChat(owner.instanceId, contact.id);
      if (photo !== undefined) chats.push({ chatId: contact.id, photoUrl: photo });
      continue;
    }
    const person = await book.person(owner, canonicalJid(contact.id), contact.phoneNumber ?? contact.lid);
    const patch = {
      ...given("name", contact.name),
      ...given("pushName", contact.notify),
      ...given("verifiedName", contact.verifiedName),
      ...(photo === undefined ? {} : { photoUrl: photo }),
    };
    const contactId = person.phone === undefined ? person.jid : personJid(person.phone);
    if (Object.keys(patch).length === 0) continue;
    patches.push({ contactId, ...patch });
    book.learnContact(owner.instanceId, { contactId, ...patch });
  }
  return { contacts: patches, lidPairs, ...(chats.length === 0 ? {} : { chats }) };
}

/**
 * The link of a picture; empty when there is none any more. Undefined says nothing: the client reports a new picture by
 * the word `changed`, without its link.
 */
function photoOf({ imgUrl }: Contact): string | undefined {
  if (imgUrl === null || imgUrl === "removed") return "";
  return imgUrl?.startsWith("https://") === true ? imgUrl : undefined;
}

/** Chats: what the phone and the server know of them. Unread counts of updates are increments and counted elsewhere. */
export async function captureChats(
  book: AddressBook,
  input: { readonly owner: Owner; readonly complete: boolean },
  chats: readonly Chat[],
): Promise<CapturedOne> {
  const { owner, complete } = input;
  const patches: ChatPatch[] = [];
  for (const chat of chats) {
    if (!chat.id) continue;
    const { chatId } = await book.chat(owner, chat.id);
    book.forgetChat(owner.instanceId, chatId);
    const last = epochMsOf(chat.conversationTimestamp, 0);
    const { archived, pinned, muteEndTime, readOnly, ephemeralExpiration, markedAsUnread } = chat;
    const extra = plainOf({ archived, pinned, muteEndTime, readOnly, ephemeralExpiration, markedAsUnread });
    const read = chat.unreadCount === 0 || (complete && typeof chat.unreadCount === "number");
    const patch = {
      ...given("name", chat.name),
      ...(last > 0 && complete ? { lastMessageAt: last } : {}),
      ...(read ? { unread: Math.max(0, numberOf(chat.unreadCount)) } : {}),
      ...(typeof extra === "object" && extra !== null && Object.keys(extra).length > 0 ? { extra: { ...extra } } : {}),
    };
    if (complete || Object.keys(patch).length > 0) patches.push({ chatId, ...patch });
  }
  return { chats: patches };
}

/** Groups: name, settings, and the numbers behind the LIDs of their members. Who is in them is not kept. */
export function captureGroups(book: AddressBook, owner: Owner, groups: readonly Group[]): CapturedOne {
  const lidPairs = groups.flatMap((group) => (group.participants ?? []).flatMap(pairOfContact));
  book.learn(owner.instanceId, lidPairs);
  const chats = groups.flatMap((group): ChatPatch[] => {
    if (!group.id) return [];
    book.forgetChat(owner.instanceId, group.id);
    const { subject, desc, announce, restrict, memberAddMode, joinApprovalMode, ephemeralDuration, linkedParent } =
      group;
    const extra = plainOf({
      description: desc,
      announce,
      restrict,
      memberAddMode,
      joinApprovalMode,
      ephemeralDuration,
      linkedParent,
    });
    return [
      {
        chatId: group.id,
        ...given("name", subject),
        ...(typeof extra === "object" && extra !== null ? { extra: { ...extra } } : {}),
      },
    ];
  });
  return { chats, lidPairs };
}

/** A number behind a LID became known. */
export function capturePair(
  book: AddressBook,
  owner: Owner,
  mapping: BaileysEventMap["lid-mapping.update"],
): CapturedOne {
  const lidPairs = [{ lid: userOf(mapping.lid), phone: userOf(mapping.pn) }];
  book.learn(owner.instanceId, lidPairs);
  return { lidPairs };
}

/** One chunk of the phone's history: rows for the read model, counters for the customer, no event a message. */
export async function captureHistory(
  book: AddressBook,
  input: { readonly owner: Owner; readonly now: number },
  set: BaileysEventMap["messaging-history.set"],
): Promise<CapturedOne> {
  const { owner, now } = input;
  const lidPairs = (set.lidPnMappings ?? []).map(({ lid, pn }) => ({ lid: userOf(lid), phone: userOf(pn) }));
  book.learn(owner.instanceId, lidPairs);
  const contacts = await captureContacts(book, owner, set.contacts);
  const chats = await captureChats(book, { owner, complete: true }, set.chats);
  const messages: StoredMessage[] = [];
  for (const info of set.messages) {
    const { id, remoteJid, fromMe, participant } = info.key;
    if (!id || !remoteJid || !info.message) continue;
    const { chatId } = await book.chat(owner, remoteJid);
    messages.push({
      instanceId: owner.instanceId,
      chatId,
      messageId: id,
      fromMe: fromMe === true,
      senderId: fromMe === true ? personJid(owner.own.phone) : canonicalJid(participant || remoteJid),
      at: epochMsOf(info.messageTimestamp, 0),
      type: contentName(unwrap(info.message).message) ?? "none",
      proto: proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(info)).finish(),
    });
  }
  const captured: CapturedHistory = {
    kind: "history",
    syncType: (proto.HistorySync.HistorySyncType[numberOf(set.syncType)] ?? "unknown").toLowerCase(),
    chunkOrder: numberOf(set.chunkOrder),
    progress: numberOf(set.progress),
    conversationCount: set.chats.length,
    statusMessageCount: set.messages.filter(({ key }) => key.remoteJid === "status@broadcast").length,
    pushnameCount: set.contacts.filter(({ notify }) => notify !== undefined).length,
    at: now,
  };
  return {
    captured: [captured],
    messages,
    chats: [...(chats.chats ?? []), ...(contacts.chats ?? [])],
    contacts: contacts.contacts ?? [],
    lidPairs: [...lidPairs, ...(contacts.lidPairs ?? [])],
  };
}

/** A chat got or lost a label. */
export async function captureLabel(
  book: AddressBook,
  input: { readonly owner: Owner; readonly now: number },
  update: BaileysEventMap["labels.association"],
): Promise<CapturedOne> {
  const { owner, now } = input;
  const { association } = update;
  if ("messageId" in association) return {};
  const assigned = update.type === "add";
  const target = await book.chat(owner, association.chatId);
  const own = await book.chat(owner, personJid(owner.own.phone));
  const sender = await book.person(owner, own.chatId);
  const phone = target.phone ?? canonicalJid(target.chatId);
  return {
    captured: [
      {
        kind: "notification",
        chat: own,
        sender,
        fromMe: isOwn(owner, own.chatId),
        at: now,
        connectedPhone: owner.own.phone,
        broadcast: false,
        name: "CHAT_LABEL_ASSOCIATION",
        key: `${target.chatId}:${association.labelId}:${update.type}:${now}`,
        parameters: [{ phone, label: association.labelId, assigned }],
      },
    ],
  };
}

function pairOfContact({ id, lid, phoneNumber }: Pick<Contact, "id" | "lid" | "phoneNumber">): readonly LidPair[] {
  const ids = [id, lid, phoneNumber].filter((jid) => jid !== undefined);
  const [asLid, asPhone] = [ids.find(isLidJid), ids.find(isPersonJid)];
  return asLid === undefined || asPhone === undefined ? [] : [{ lid: userOf(asLid), phone: userOf(asPhone) }];
}
