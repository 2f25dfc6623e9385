import type { ClientMessage } from "../chat-kind.ts";
import { parseUserJid, type Addressing } from "../jid.ts";
import { childOf, childrenOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";

/** WhatsApp protocol: codes for a message that names people in the wrong way. */
const codes = { numberByMigrated: 463, lidByUnmigrated: 400, mixed: 400, statusByNumber: 479 } as const;

/**
 * Why a message to one person is refused: its sender's chats are kept by the other name, or two names are mixed in it.
 * A message by LID without the number beside it is let through, and noted.
 */
export function misaddressed(world: World, message: ClientMessage): number | undefined {
  const { from, to, node, id } = message;
  if (world.behaviour.addressing === "any" || !isOrdinary(message)) return undefined;
  const { person } = from;
  const addressing = parseUserJid(to)?.addressing ?? "pn";
  if (listed(message).some((other) => other !== addressing)) return codes.mixed;
  if (person.lidMigrated && addressing === "pn") return codes.numberByMigrated;
  if (!person.lidMigrated && addressing === "lid") return codes.lidByUnmigrated;
  if (addressing === "lid" && node.attrs["peer_recipient_pn"] === undefined && showsNumber(world, to)) {
    world.trace.lapse({ number: person.number, messageId: id, lapse: "peer_recipient_pn is missing" });
  }
  return undefined;
}

/** Why a post is refused: an account that was migrated names people by number. */
export function misaddressedPost(world: World, message: ClientMessage): number | undefined {
  if (world.behaviour.addressing === "any" || !message.from.person.lidMigrated) return undefined;
  return listed(message).includes("pn") ? codes.statusByNumber : undefined;
}

/** Nobody can name the number of somebody who shows a username only. */
function showsNumber(world: World, to: string): boolean {
  return world.directory.identify(to) === undefined || world.directory.find(to)?.username === undefined;
}

/** Not to own devices only, and not the answer to a device that asked for a message again. */
function isOrdinary({ node }: ClientMessage): boolean {
  return node.attrs["category"] !== "peer" && node.attrs["device_fanout"] !== "false";
}

/** How the devices in it are named. */
function listed({ node }: ClientMessage): readonly Addressing[] {
  return childrenOf(childOf(node, "participants"), "to").flatMap(
    ({ attrs }) => parseUserJid(attrs["jid"] ?? "")?.addressing ?? [],
  );
}
