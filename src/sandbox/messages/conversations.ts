import { proto } from "@whiskeysockets/baileys";
import type { Person, RememberedMessage } from "../person.ts";
import type { World } from "../world.ts";
import { jidOf } from "./envelope.ts";

const maxConversations = 50;
const maxMessages = 50;

/** What a phone shows a new device of its chats: the newest of each, newest chat first. */
export function recentConversations(world: World, person: Person): readonly proto.IConversation[] {
  const chats = Map.groupBy(person.memory.list().filter(isShown), ({ chat }) => chat);
  const newest = [...chats].toSorted(([, one], [, other]) => (other.at(-1)?.at ?? 0) - (one.at(-1)?.at ?? 0));
  return newest
    .slice(0, maxConversations)
    .map(([chat, messages]) => conversationOf(world, person, { chat, messages: messages.slice(-maxMessages) }));
}

/** A chat's messages before one of them, oldest first; all of them when there is no such message. */
export function messagesBefore(person: Person, chat: string, id: string | undefined): readonly RememberedMessage[] {
  const messages = person.memory.list().filter((message) => isShown(message) && message.chat === chat);
  const end = messages.findIndex((message) => message.id === id);
  return end === -1 ? messages : messages.slice(0, end);
}

/** Messages of one chat, given oldest first, as histories carry them: newest first. */
export function conversationOf(
  world: World,
  person: Person,
  part: { readonly chat: string; readonly messages: readonly RememberedMessage[] },
): proto.IConversation {
  const { chat, messages } = part;
  const other = chat.includes("@") ? undefined : world.directory.person(chat);
  const id = other === undefined ? chat : jidOf(other, "pn");
  const token = other === undefined ? undefined : person.reach.tokens.get(other.number);
  const inOrder = messages.map((message, at) => ({
    message: messageInfo(world, { person, id }, message),
    msgOrderId: at + 1,
  }));
  return {
    id,
    ...(other !== undefined && { name: other.name, pnJid: id, lidJid: jidOf(other, "lid") }),
    conversationTimestamp: Math.floor((messages.at(-1)?.at ?? 0) / 1000),
    unreadCount: 0,
    ...(token !== undefined && { tcToken: token.bytes, tcTokenTimestamp: token.t }),
    messages: inOrder.toReversed(),
  };
}

function messageInfo(
  world: World,
  chat: { readonly person: Person; readonly id: string },
  { id, author, at, message }: RememberedMessage,
): proto.IWebMessageInfo {
  const fromMe = author === chat.person.number;
  const writer = world.directory.person(author);
  const participant = chat.id.endsWith("@s.whatsapp.net") || fromMe ? undefined : jidOf(writer, "lid");
  return {
    key: { remoteJid: chat.id, fromMe, id, ...(participant !== undefined && { participant }) },
    message,
    messageTimestamp: Math.floor(at / 1000),
    ...(fromMe && { status: proto.WebMessageInfo.Status.DELIVERY_ACK }),
    ...(participant !== undefined && { participant }),
    ...(!fromMe && { pushName: writer.name }),
  };
}

/** What a chat shows by itself: no reactions, edits or words between the phone and its devices. */
function isShown({ attrs }: RememberedMessage): boolean {
  return attrs["category"] === undefined && attrs["edit"] === undefined && attrs["type"] !== "reaction";
}
