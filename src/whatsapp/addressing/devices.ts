import type { EventEmitter } from "node:events";
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  type BinaryNode,
  type JidWithDevice,
} from "@whiskeysockets/baileys";
import { isPersonJid, userOf } from "#domain/jid.ts";
import type { LiveSocket } from "../live-socket.ts";

type Socket = Pick<LiveSocket, "sock" | "own">;

/**
 * Names everybody in an answer about people by `jid` before Baileys reads it. WhatsApp protocol: some servers answer
 * with `pn_jid` alone (whatsmeow 6e4c3416); Baileys takes no notice of whoever has no `jid`.
 */
export function nameAnsweredPeople(ws: EventEmitter): void {
  ws.on("frame", (node: BinaryNode) => {
    if (node.tag !== "iq") return;
    const list = getBinaryNodeChild(getBinaryNodeChild(node, "usync"), "list");
    for (const { attrs } of getBinaryNodeChildren(list, "user")) {
      const name = attrs["jid"] ?? attrs["pn_jid"] ?? attrs["lid_jid"];
      if (name !== undefined) attrs["jid"] = name;
    }
  });
}

/**
 * Those of these people whom nothing could be encrypted for: WhatsApp names no device of theirs. Costs a query only for
 * those who are not in Baileys' cache, where the send then finds them. With `byLid`, devices that WhatsApp does not tell
 * of a number are asked for by its LID and kept under the number: for chats whose members are named by number.
 */
export async function withoutDevices(
  socket: Socket,
  people: readonly string[],
  { byLid }: { readonly byLid: boolean },
): Promise<ReadonlySet<string>> {
  const { sock } = socket;
  const found = await sock.getUSyncDevices([...people], true, false);
  const users = new Set(found.map(({ user }) => user));
  const missing = people.filter((jid) => !users.has(userOf(jid)));
  if (!byLid) return new Set(missing);
  const numbers = missing.filter((jid) => isPersonJid(jid));
  const pairs = (numbers.length > 0 && (await sock.signalRepository.lidMapping.getLIDsForPNs(numbers))) || [];
  const lids = pairs.map(({ lid }) => lid);
  const devices = lids.length > 0 ? await sock.getUSyncDevices(lids, true, false) : [];
  const here = new Set(users);
  for (const { pn, lid } of pairs) {
    const theirs = devices.filter(({ user }) => user === userOf(lid)).map((device) => underNumber(device, userOf(pn)));
    if (theirs.length === 0) continue;
    await sock.userDevicesCache.set(userOf(pn), theirs);
    here.add(userOf(pn));
  }
  return new Set(missing.filter((jid) => !here.has(userOf(jid))));
}

/** As Baileys' cache holds a device of this number. */
function underNumber({ device, server }: JidWithDevice & { server?: string }, user: string) {
  return {
    user,
    server: server === "hosted.lid" ? "hosted" : "s.whatsapp.net",
    ...(device !== undefined && { device }),
  };
}

/** The next message to these people asks WhatsApp for their devices. */
export async function forgetDevices({ sock }: Socket, people: Iterable<string>): Promise<void> {
  for (const jid of people) await sock.userDevicesCache.del(userOf(jid));
}
