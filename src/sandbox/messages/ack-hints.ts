import { generateParticipantHashV2 } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { parseUserJid, type Addressing } from "../jid.ts";
import type { Person } from "../person.ts";
import type { World } from "../world.ts";
import { jidOf } from "./envelope.ts";

/**
 * What the ack of a message says beside "taken", when a fault asks for it. WhatsApp protocol: `refresh_lid` when the
 * recipient has another LID by now; `phash`, the hash of the devices as the server knows them, when they were others; in a group
 * those that have no key then get nothing.
 */
export function ackHints(
  world: World,
  message: { readonly from: Companion; readonly to: string; readonly id: string },
): Readonly<Record<string, string | undefined>> {
  const { from, to, id } = message;
  const about = { number: from.person.number, messageId: id };
  const stale = world.faults.match("ack-refresh-lid", about) !== undefined;
  const other = world.faults.match("ack-phash", about) !== undefined;
  return {
    refresh_lid: stale ? "true" : undefined,
    phash: other ? deviceHash(world, from, to) : undefined,
  };
}

/** WhatsApp protocol: over every device of everybody in it but the one that wrote, each in the addressing of the chat. */
function deviceHash(world: World, from: Companion, to: string): string | undefined {
  const chat = membersOf(world, from, to);
  if (chat === undefined) return undefined;
  const { people, addressing } = chat;
  const devices = people.flatMap((person) => devicesOf(person, addressing));
  const sender = jidOf(from.person, addressing, from.id);
  return generateParticipantHashV2([...new Set(devices)].filter((jid) => jid !== sender));
}

function membersOf(world: World, from: Companion, to: string) {
  const chat = world.chats.find((kind) => kind.accepts(to));
  if (chat?.members !== undefined) return chat.members(to);
  const recipient = world.directory.find(to);
  if (recipient === undefined) return undefined;
  return { people: [from.person, recipient], addressing: parseUserJid(to)?.addressing ?? ("pn" as const) };
}

function devicesOf(person: Person, addressing: Addressing): readonly string[] {
  return [...person.devices.keys(), ...person.companions.keys()].map((id) => jidOf(person, addressing, id));
}
