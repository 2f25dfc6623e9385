import { proto } from "@whiskeysockets/baileys";
import { decodeMessage } from "../content/wire-bytes.ts";
import { newMessageId } from "../messages/batch.ts";
import { conversationOf } from "../messages/conversations.ts";
import { sendPeerMessage } from "../messages/own-phone.ts";
import type { Person, RememberedMessage } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { historyMessage } from "./history-sync.ts";

/** A past that a phone shares with its linked devices. */
export interface SharedHistory {
  readonly number: string;
  /** Numbers it chatted with. */
  readonly contacts: readonly string[];
  /** Messages of each chat. */
  readonly messages: number;
  /** Messages of one chunk. Default 500. */
  readonly perChunk?: number;
  /** The chats are named with the time of their newest message, but without messages: the device has to ask. */
  readonly headsOnly?: boolean;
  /** Base64: the newest message of each chat is these bytes, whether or not anybody can name what is in them. */
  readonly raw?: string;
}

const defaultPerChunk = 500;
/** The newest of each chat are what the phone can be asked for afterwards. */
const maxRemembered = 50;
const pauseMs = 1_000;

/** Makes up the chats and sends them to every linked device as recent history; answers how many chunks each gets. */
export async function shareHistory(world: World, input: SharedHistory): Promise<{ readonly chunks: number }> {
  const person = world.directory.known(input.number);
  if (person === undefined || person.companions.size === 0) {
    throw new SandboxError("not_found", `no device is linked to ${input.number}`);
  }
  const chats = input.contacts.map((number) => ({ chat: number, messages: madeUp(world, { person, number }, input) }));
  for (const { messages } of chats) {
    for (const message of messages.slice(-maxRemembered)) person.memory.put(message);
  }
  const chunks = input.headsOnly === true ? [chats] : chunked(chats, input.perChunk ?? defaultPerChunk);
  for (const [at, part] of chunks.entries()) {
    const conversations = part.map((chat) => {
      const conversation = conversationOf(world, person, chat);
      return input.headsOnly === true ? { ...conversation, messages: [] } : conversation;
    });
    const history = await historyMessage(world, {
      syncType: proto.HistorySync.HistorySyncType.RECENT,
      chunkOrder: at + 1,
      progress: Math.round(((at + 1) / chunks.length) * 100),
      conversations,
    });
    for (const companion of person.companions.values()) await sendPeerMessage(world, companion, history);
  }
  world.changed();
  return { chunks: chunks.length };
}

/** One message a second up to now, by both in turn; oldest first. */
function madeUp(
  world: World,
  chat: { readonly person: Person; readonly number: string },
  { messages, raw }: SharedHistory,
): readonly RememberedMessage[] {
  const { person, number } = chat;
  world.directory.person(number);
  const now = world.options.clock.now();
  return Array.from({ length: messages }, (_, index) => ({
    id: newMessageId(),
    chat: number,
    author: index % 2 === 0 ? number : person.number,
    at: now - (messages - index) * pauseMs,
    message:
      raw !== undefined && index === messages - 1
        ? decodeMessage(Buffer.from(raw, "base64"))
        : { conversation: `history ${index + 1}` },
    attrs: { type: "text" },
    addressing: "pn",
  }));
}

type Part = { readonly chat: string; readonly messages: readonly RememberedMessage[] };

/** Slices of chats, so that no chunk holds more than `limit` messages. */
function chunked(chats: readonly Part[], limit: number): readonly (readonly Part[])[] {
  const chunks: Part[][] = [];
  let room = 0;
  for (const { chat, messages } of chats) {
    for (let from = 0; from < messages.length;) {
      if (room === 0) {
        chunks.push([]);
        room = limit;
      }
      const slice = messages.slice(from, from + room);
      chunks.at(-1)?.push({ chat, messages: slice });
      from += slice.length;
      room -= slice.length;
    }
  }
  return chunks;
}
