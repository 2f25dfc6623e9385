import type { BinaryNode } from "@whiskeysockets/baileys";
import type { CapturedNotification, PersonRef } from "#domain/captured.ts";
import { canonicalJid, isLidJid, isPersonJid, userOf } from "#domain/jid.ts";
import type { LidPair } from "#store/records.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { type CapturedOne, nothing } from "./captured-one.ts";
import { bareChangeOf, groupChangeOf, phoneOfPerson } from "./group-notification.ts";
import { newsletterChangesOf } from "./newsletter-notification.ts";
import { childOf, childrenOf, textOf, timeOf } from "./node.ts";
import { captureChangedPerson, captureNamedPicture, type PeopleDeps } from "./people-notification.ts";
import { isOwn, ownPerson, sceneOf } from "./scene.ts";

interface Input {
  readonly owner: Owner;
  readonly now: number;
}

/** Reads a raw notification; most types are between clients and tell nobody anything. */
export async function captureNotification(deps: PeopleDeps, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { book } = deps;
  switch (node.attrs["type"]) {
    case "w:gp2":
      return captureGroup(book, input, node);
    case "picture":
      return captureNamedPicture(deps, input, node);
    case "contacts":
      return captureChangedPerson(deps, input, node);
    case "status":
      return captureAbout(book, input, node);
    case "newsletter":
    case "mex":
      return captureNewsletter(book, input, node);
    default:
      return nothing;
  }
}

async function captureGroup(book: AddressBook, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { owner, now } = input;
  const { from, participant, participant_pn: alt, id } = node.attrs;
  if (from === undefined) return nothing;
  const pairs = [node, ...childrenOf(node).flatMap(childrenOf)].flatMap(pairOfNode);
  book.learn(owner.instanceId, pairs);
  const actor = participant === undefined ? undefined : await book.person(owner, canonicalJid(participant), alt);
  const people = (child: BinaryNode): Promise<PersonRef> =>
    book.person(owner, canonicalJid(child.attrs["jid"] ?? ""), child.attrs["phone_number"] ?? child.attrs["lid"]);
  const named = await Promise.all(childrenOf(node).map((child) => groupChangeOf(child, actor, people)));
  const bare = named.length > 0 ? undefined : bareChangeOf(node, actor);
  const changes = bare === undefined ? named : [bare];
  const subject = changes.find((change) => change.subject !== undefined)?.subject;
  const chat = await book.chat(owner, from);
  if (subject !== undefined) book.forgetChat(owner.instanceId, chat.chatId);
  const scene = await sceneOf(book, owner, {
    chat,
    sender: actor ?? { jid: chat.chatId },
    fromMe: isOwn(owner, participant),
    at: timeOf(node, now),
    pushName: node.attrs["notify"],
  });
  const captured = changes.flatMap((change, index): CapturedNotification[] => {
    const { subject: _, ...said } = change;
    const place = change.subject === undefined ? scene : { ...scene, chatName: change.subject };
    return [{ kind: "notification", ...place, ...said, key: `${id ?? ""}:${index}`, ...(id ? { messageId: id } : {}) }];
  });
  return {
    captured,
    lidPairs: pairs,
    ...(subject === undefined ? {} : { chats: [{ chatId: chat.chatId, name: subject }] }),
  };
}

async function captureAbout(book: AddressBook, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { owner, now } = input;
  const { from, id } = node.attrs;
  const about = childOf(node, "set");
  if (from === undefined || about === undefined) return nothing;
  const chat = await book.chat(owner, from);
  const own = isOwn(owner, from);
  const sender = own ? ownPerson(owner) : await book.person(owner, canonicalJid(from));
  const scene = await sceneOf(book, owner, { chat, sender, fromMe: own, at: timeOf(node, now) });
  const key = id ?? `${scene.at}`;
  return {
    captured: [{ kind: "notification", ...scene, name: "PROFILE_STATUS_UPDATED", key, about: textOf(about) }],
  };
}

async function captureNewsletter(book: AddressBook, input: Input, node: BinaryNode): Promise<CapturedOne> {
  const { owner, now } = input;
  const captured: CapturedNotification[] = [];
  for (const [index, change] of newsletterChangesOf(node).entries()) {
    const person = change.user === undefined ? ownPerson(owner) : await book.person(owner, canonicalJid(change.user));
    const scene = await sceneOf(book, owner, {
      chat: await book.chat(owner, change.newsletterJid),
      sender: person,
      fromMe: false,
      at: timeOf(node, now),
    });
    const isMute = change.name.startsWith("NEWSLETTER_MUTE");
    captured.push({
      kind: "notification",
      ...scene,
      name: change.name,
      key: `${node.attrs["id"] ?? scene.at}:${index}`,
      parameters: isMute ? [change.value] : [phoneOfPerson(person), change.value],
      participant: person,
    });
  }
  return { captured };
}

function pairOfNode({ attrs }: BinaryNode): readonly LidPair[] {
  const [jid, alt] = [attrs["jid"] ?? attrs["participant"], attrs["phone_number"] ?? attrs["participant_pn"]];
  const lid = attrs["lid"];
  if (jid !== undefined && alt !== undefined && isLidJid(jid) && isPersonJid(alt)) {
    return [{ lid: userOf(jid), phone: userOf(alt) }];
  }
  return jid !== undefined && lid !== undefined && isPersonJid(jid) && isLidJid(lid)
    ? [{ lid: userOf(lid), phone: userOf(jid) }]
    : [];
}
