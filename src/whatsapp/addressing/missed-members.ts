import { generateParticipantHashV2, jidDecode } from "@whiskeysockets/baileys";
import { isHostedJid, isLidJid } from "#domain/jid.ts";
import type { Log } from "#lib/log.ts";
import type { LiveSocket } from "../live-socket.ts";
import { resend } from "../retries/resend.ts";
import { isOwnJid } from "../send/target.ts";
import type { AcceptedMessage } from "./accepted.ts";
import { forgetDevices } from "./devices.ts";

/** Most devices that one message is sent to on top; the others ask for it, and get the key with the next one. */
const maxMissed = 5;

/**
 * A message to a group has been taken, and WhatsApp knows other devices of its members than we do: members and devices
 * are asked for anew, and each device that has no key of ours gets the message alone, under its id, with the key.
 *
 * WhatsApp protocol (WhatsApp Web): the devices that were added since are the ones that are written to, each alone. What
 * is over our own hash is not known for sure, so both ways of counting the writing device are taken for ours; and a group
 * in which nobody was found is not looked through again for a while.
 */
export async function reachMissedMembers(
  { log }: { readonly log: Log },
  socket: LiveSocket,
  taken: Pick<AcceptedMessage, "address" | "composed" | "messageId" | "devices"> & { readonly phash: string },
): Promise<void> {
  const { address, composed, messageId, phash } = taken;
  const { jid } = address;
  if (socket.lookedThrough.get(jid) === true) return;
  if (hashes(socket, await devicesIn(socket, jid)).includes(phash)) return;
  await forgetMembers(socket, jid);
  const now = await devicesIn(socket, jid);
  const { [jid]: given = {} } = await socket.sock.authState.keys.get("sender-key-memory", [jid]);
  const missed = now.filter((device) => given[device] !== true && !taken.devices.has(device) && !isHosted(device));
  log.info({ devices: now.length, missed: missed.length }, "WhatsApp knows other devices of a group than we did");
  if (missed.length === 0) return socket.lookedThrough.set(jid, true);
  const reached = missed.slice(0, maxMissed).filter(() => socket.ledger.reserve(jid, true) === 0);
  await socket.sock.assertSessions(reached);
  const { authState } = socket.sock;
  for (const asker of reached) {
    const target = { asker, chat: jid, isShared: true, isOwn: isOwnJid(socket, asker), count: 1 };
    const message = composed.message.message ?? {};
    const at = Number(composed.message.messageTimestamp ?? 0) * 1000;
    await resend({ sock: socket.sock, auth: authState }, target, { messageId, message, at });
  }
}

async function forgetMembers(socket: LiveSocket, jid: string): Promise<void> {
  socket.groups.forget(jid);
  const group = await socket.groups.get(jid);
  await forgetDevices(socket, group?.participants.map(({ id }) => id) ?? []);
}

/** Every device in the group but the one that writes: Baileys names it in some groups and not in others. */
async function devicesIn(socket: LiveSocket, jid: string): Promise<readonly string[]> {
  const group = await socket.groups.get(jid);
  const people = group?.participants.map(({ id }) => id) ?? [];
  if (people.length === 0) return [];
  const devices = await socket.sock.getUSyncDevices(people, true, false);
  const { id, lid } = socket.own() ?? {};
  return devices.map((device) => device.jid).filter((device) => device !== id && device !== lid);
}

/** The hash of these devices, without and with the one that writes. */
function hashes({ own }: LiveSocket, devices: readonly string[]): readonly string[] {
  const { id, lid } = own() ?? {};
  const writing = devices.some((device) => isLidJid(device)) ? (lid ?? id) : id;
  const all = writing === undefined ? devices : [...devices, writing];
  return [generateParticipantHashV2([...devices]), generateParticipantHashV2([...all])];
}

/** WhatsApp protocol: devices of a company's service get no sender key. */
function isHosted(device: string): boolean {
  return isHostedJid(device) || jidDecode(device)?.device === 99;
}
