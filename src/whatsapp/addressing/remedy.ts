import { isGroupJid, isStatusJid } from "#domain/jid.ts";
import type { LiveSocket } from "../live-socket.ts";
import { isOwnJid } from "../send/target.ts";
import { ackErrorOf, type AckRemedy } from "./ack-errors.ts";
import { type Address, otherAddress } from "./address.ts";
import { forgetDevices } from "./devices.ts";
import { type Form, otherForm } from "./form.ts";

/** A try of one message that came to nothing although WhatsApp answered. */
export interface FailedTry {
  /** Where it went. */
  readonly address: Address;
  /** By which name people of a post were named. */
  readonly audienceForm?: Form;
  /** Server's code; undefined when there was nobody to encrypt for. */
  readonly code?: number;
}

/** How to try once more, under the same id. */
export interface NextTry {
  /** Under this name; unset: as before. */
  readonly form?: Form;
}

/** What helps against a code, or against having nobody to encrypt for. */
export function remedyOf({ code }: FailedTry): AckRemedy {
  return code === undefined ? "readdress" : ackErrorOf(code).remedy;
}

/**
 * Does what a refusal asks for. Answers how to try again at once, or undefined when only the queue's wait can help, or
 * nothing. Each remedy is used once for a message; `used` are those that were.
 */
export async function applyRemedy(
  socket: LiveSocket,
  failed: FailedTry,
  used: ReadonlySet<AckRemedy>,
): Promise<NextTry | undefined> {
  const remedy = remedyOf(failed);
  if (used.has(remedy)) return undefined;
  const { address, audienceForm } = failed;
  const { jid } = address;
  switch (remedy) {
    case "later":
    case "restricted":
      return undefined;
    case "onceMore":
      return {};
    case "readdress":
      if (isStatusJid(jid)) return { form: otherForm(audienceForm ?? "pn") };
      if (isGroupJid(jid)) return await afresh(socket, jid);
      return await byOtherName(socket, address);
    case "refetch":
      return isGroupJid(jid) ? await afresh(socket, jid) : {};
    case "membership":
      return isGroupJid(jid) ? await asMember(socket, jid) : {};
  }
}

async function byOtherName(socket: LiveSocket, address: Address): Promise<NextTry | undefined> {
  await forgetDevices(socket, [address.jid]);
  if (socket.refusedBoth.get(address.chat) === true) return undefined;
  const other = await otherAddress(address, socket);
  return other?.person === undefined ? undefined : { form: other.person.form };
}

/** Members, their names and their devices are asked for anew. */
async function afresh(socket: LiveSocket, jid: string): Promise<NextTry> {
  socket.groups.forget(jid);
  const group = await socket.groups.get(jid);
  await forgetDevices(socket, group?.participants.map(({ id }) => id) ?? []);
  return {};
}

/** Only a member who may write tries again. */
async function asMember(socket: LiveSocket, jid: string): Promise<NextTry | undefined> {
  socket.groups.forget(jid);
  const group = await socket.groups.get(jid);
  const own = group?.participants.find(({ id }) => isOwnJid(socket, id));
  if (group === undefined || own === undefined) return undefined;
  return group.announce === true && !own.admin ? undefined : {};
}
