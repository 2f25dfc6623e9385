import type { BinaryNode } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { canonicalJid, isGroupJid, isLidJid, isStatusJid, userOf } from "#domain/jid.ts";
import { addressAttributes, type Address } from "../addressing/address.ts";
import { forgetDevices, withoutDevices } from "../addressing/devices.ts";
import type { LiveSocket } from "../live-socket.ts";
import type { Composed } from "./compose.ts";

/** What is handed over, and to whom. */
export interface HandOver {
  readonly address: Address;
  readonly composed: Composed;
  readonly messageId: string;
  /** Of a post: whom it is for. */
  readonly audience?: readonly string[] | undefined;
}

/**
 * Encrypts a message and writes it to the socket; resolves with the devices it was encrypted for once it is written,
 * which says nothing about the server. Throws `send_unreadable`, most often before anything was written, when nobody
 * but ourselves could read it: WhatsApp takes such a message as well.
 */
export async function handOver(socket: LiveSocket, what: HandOver): Promise<ReadonlySet<string>> {
  const { address, composed, messageId, audience } = what;
  const { jid } = address;
  const people = await peopleIn(socket, what);
  const others = people.filter((person) => !isOwn(socket, person));
  const byLid = isGroupJid(jid) || isStatusJid(jid);
  const missing = people.length === 0 ? new Set<string>() : await withoutDevices(socket, people, { byLid });
  if (others.length > 0 && others.every((person) => missing.has(person))) throw unreadable(others.length);
  const posted = audience === undefined ? {} : { statusJidList: [...audience] };
  const send = (): Promise<string> =>
    socket.sock.relayMessage(jid, composed.message.message ?? {}, {
      messageId,
      additionalNodes: [...composed.nodes] as BinaryNode[],
      additionalAttributes: { ...addressAttributes(address), ...composed.attributes },
      ...posted,
    });
  const { devices } = await socket.pastStaleDevices({ jid, ...posted }, () => socket.readers.during(send));
  if (others.length > 0 && !(await isReadable(socket, jid, devices))) {
    await forgetDevices(socket, others);
    throw unreadable(others.length);
  }
  return devices;
}

/** Everybody it is for, ourselves included, as Baileys will name them; nobody for channels, which have no keys. */
async function peopleIn(socket: LiveSocket, { address, audience }: HandOver): Promise<readonly string[]> {
  const { jid, person } = address;
  if (isStatusJid(jid)) return audience ?? [];
  if (isGroupJid(jid)) return (await membersOf(socket, jid)).map(({ id }) => id);
  if (person === undefined) return [];
  const own = socket.own();
  const me = own === undefined ? undefined : canonicalJid(isLidJid(jid) ? (own.lid ?? own.id) : own.id);
  return me === undefined || me === jid ? [jid] : [me, jid];
}

/** Throws `send_rejected` when WhatsApp does not tell us, for these codes say that we may not write there. */
async function membersOf({ groups, sock }: LiveSocket, jid: string): Promise<readonly { readonly id: string }[]> {
  const known = await groups.get(jid);
  if (known !== undefined) return known.participants;
  try {
    return (await sock.groupMetadata(jid)).participants;
  } catch (error) {
    // Baileys' queries reject with the code of the answer as data.
    const code: unknown = Object(error).data;
    if (typeof code !== "number" || !shutOut.has(code)) throw error;
    throw new WazapiError("send_rejected", { details: { code }, cause: error });
  }
}

/** WhatsApp protocol: not signed in, forbidden, no such group, not acceptable. */
const shutOut: ReadonlySet<number> = new Set([401, 403, 404, 406]);

/** Whether somebody else has what it takes: a copy, or from an earlier message the key of the group. */
async function isReadable(socket: LiveSocket, jid: string, devices: ReadonlySet<string>): Promise<boolean> {
  const isOther = (device: string): boolean => !isOwn(socket, device);
  if ([...devices].some(isOther)) return true;
  if (!isGroupJid(jid)) return false;
  const { [jid]: given } = await socket.sock.authState.keys.get("sender-key-memory", [jid]);
  return Object.entries(given ?? {}).some(([device, has]) => has && isOther(device));
}

function isOwn({ own }: LiveSocket, jid: string): boolean {
  const me = own();
  return [me?.id, me?.lid].some((mine) => mine !== undefined && userOf(mine) === userOf(jid));
}

function unreadable(people: number): WazapiError {
  return new WazapiError("send_unreadable", { details: { people } });
}
