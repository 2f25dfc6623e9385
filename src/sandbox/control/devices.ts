import { randomBytes } from "node:crypto";
import type { Companion } from "../companion.ts";
import type { DeviceControl } from "../device-control.ts";
import { acquaintances, announceDevices } from "../device-notices.ts";
import { addDevice } from "../directory.ts";
import { recipientJid } from "../jid.ts";
import { deviceKey } from "../messages/decrypt.ts";
import { jidOf } from "../messages/envelope.ts";
import { retryReceipt } from "../messages/request-again.ts";
import { chatKindOf } from "../messages/route.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { personOnWhatsApp, requireAccount } from "./sends.ts";

/** What phones ask for, and what becomes of devices. */
export function deviceControl(world: World): DeviceControl {
  return {
    async retry({ number, messageId, chat, count }) {
      const person = personOnWhatsApp(world, number);
      const device = person.devices.get(0);
      if (device === undefined) throw new SandboxError("not_found", `${number} has no phone here`);
      const nth = count ?? (device.requests.get(messageId) ?? 0) + 1;
      const { origin, authors } = askedFrom(world, person, { messageId, chat });
      const receipt = retryReceipt(world, { device, origin, id: messageId, count: nth });
      for (const author of authors) {
        world.throttle.asked(author.person, messageId);
        world.post(author, receipt);
      }
      return { count: nth };
    },
    async reinstall({ number }) {
      const person = personOnWhatsApp(world, number);
      if (person.companions.size > 0) {
        throw new SandboxError("refused", `${number} has linked devices: a new installation would unlink them`);
      }
      const remove = [...person.devices.keys()].filter((id) => id !== 0);
      const before = person.devices.get(0);
      const told = acquaintances(world, person);
      person.devices.clear();
      person.staleDevices.clear();
      addDevice(person, 0, `${world.options.seed}/installation ${randomBytes(8).toString("hex")}`);
      // Made now, so that the state file has the keys.
      person.devices.get(0)?.signal();
      for (const companion of told) {
        const isByLid = before?.uses.get(deviceKey(companion))?.address.includes("@lid") === true;
        const from = jidOf(person, isByLid ? "lid" : "pn");
        const attrs = { from, type: "encrypt", id: world.nextId(), t: world.seconds() };
        world.post(companion, stanza("notification", attrs, [stanza("identity")]));
      }
      announceDevices(world, person, { remove });
      world.changed();
      return { told: told.length };
    },
    async staleDevice({ number, device, shown = "gone" }) {
      const person = personOnWhatsApp(world, number);
      const isThere = person.devices.has(device) || person.staleDevices.has(device);
      if (device === 0 || !isThere) throw new SandboxError("not_found", `${number} has no further device ${device}`);
      person.devices.delete(device);
      if (shown === "gone") person.staleDevices.delete(device);
      else person.staleDevices.set(device, shown);
      world.changed();
    },
  };
}

/** How the request names chat and person, and whose devices it goes to. */
function askedFrom(
  world: World,
  person: Person,
  about: { readonly messageId: string; readonly chat: string | undefined },
): { readonly origin: Readonly<Record<string, string>>; readonly authors: readonly Companion[] } {
  const known = person.memory.get(about.messageId);
  const isOwn = person.companions.size > 0;
  const chat = about.chat ?? (isOwn || known?.chat.includes("@") === true ? known?.chat : known?.author);
  if (chat === undefined) {
    throw new SandboxError("not_found", `${person.number} knows no message ${about.messageId}: name its chat`);
  }
  const jid = recipientJid(chat);
  const other = world.directory.identify(jid);
  if (other === undefined) {
    const kind = chatKindOf(world, jid);
    if (kind === undefined) throw new SandboxError("invalid", `${chat} is not a number or a group`);
    const authors = kind.audience(jid, person).filter((companion) => wrote(world, companion, about.messageId));
    return { origin: kind.origin(jid, person), authors };
  }
  if (isOwn) {
    const recipient = jidOf(other, person.addressing.get(other.number) ?? "pn");
    return { origin: { from: jidOf(person, "pn"), recipient }, authors: [...person.companions.values()] };
  }
  const account = requireAccount(world, other.number);
  const addressing = known?.addressing ?? person.addressing.get(account.number) ?? other.addressing;
  return { origin: { from: jidOf(person, addressing) }, authors: [...account.companions.values()] };
}

/** Whether the message is that account's, as far as anybody knows: of an unknown one every account is asked. */
function wrote(world: World, { person }: Companion, messageId: string): boolean {
  const known = world.directory.people().find(({ memory }) => memory.get(messageId) !== undefined);
  const author = known?.memory.get(messageId)?.author;
  return author === undefined || author === person.number;
}
