import { randomBytes } from "node:crypto";
import { tellName } from "../bootstrap.ts";
import type { ContactInfo, SandboxControl } from "../control.ts";
import { announceDevices } from "../device-notices.ts";
import { ownDevices } from "../directory.ts";
import { renewPicture } from "../iq/profile.ts";
import { hostedDevice, recipientJid } from "../jid.ts";
import { jidOf } from "../messages/envelope.ts";
import { sendReceipt } from "../messages/receipts.ts";
import { chatKindOf } from "../messages/route.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { personOnWhatsApp, requireAccount } from "./sends.ts";

/** What simulated people do beside writing. */
export function peopleControl(
  world: World,
): Pick<SandboxControl, "addContact" | "typing" | "presence" | "call" | "receipt" | "inbox"> {
  return {
    async addContact({ number, name, onWhatsApp, devices, catalogue, newPicture, username, hosted }) {
      const person = world.directory.person(number);
      if (onWhatsApp !== undefined) person.onWhatsApp = onWhatsApp;
      if (catalogue !== undefined) person.catalogue = catalogue;
      if (username !== undefined) person.username = username === "" ? undefined : username;
      if (name !== undefined && name !== person.name) {
        person.name = name;
        await tellName(world, person);
      }
      const before = [...person.devices.keys()];
      if (devices !== undefined) world.directory.setDevices(person, devices);
      if (hosted !== undefined) world.directory.setHosted(person, hosted);
      const after = [...person.devices.keys()];
      const [add, remove] = [after.filter((id) => !before.includes(id)), before.filter((id) => !after.includes(id))];
      if (add.length + remove.length > 0) announceDevices(world, person, { add, remove });
      if (newPicture === true) await renewPicture(world, person);
      world.changed();
      return contactInfo(person);
    },
    async typing({ number, to, state }) {
      const media = state === "recording" ? "audio" : undefined;
      const child = stanza(state === "paused" ? "paused" : "composing", { media });
      for (const { companion, origin } of watchers(world, number, to)) {
        companion.connection?.send(stanza("chatstate", origin, [child]));
      }
    },
    async presence({ number, to, state }) {
      const at = world.options.clock.now();
      personOnWhatsApp(world, number).presence = { state, at };
      const last = state === "unavailable" ? Math.floor(at / 1000) : undefined;
      for (const { companion, origin } of watchers(world, number, to)) {
        companion.connection?.send(stanza("presence", { from: origin["from"], type: state, last }));
      }
    },
    async call({ number, to, video, missed }) {
      const caller = personOnWhatsApp(world, number);
      const callee = requireAccount(world, world.directory.identify(recipientJid(to))?.number ?? to);
      const addressing = caller.addressing.get(callee.number) ?? "pn";
      const from = jidOf(caller, addressing);
      const callId = randomBytes(16).toString("hex").toUpperCase();
      const names = { "call-id": callId, "call-creator": from };
      const pn = addressing === "lid" ? { caller_pn: jidOf(caller, "pn") } : {};
      const media = [stanza("audio", { enc: "opus", rate: 16_000 }), ...(video === true ? [stanza("video")] : [])];
      const steps = [stanza("offer", { ...names, ...pn }, media)];
      if (missed === true) steps.push(stanza("terminate", { ...names, reason: "timeout" }));
      for (const companion of callee.companions.values()) {
        for (const step of steps) {
          world.post(
            companion,
            stanza("call", { from, id: world.nextId(), t: world.seconds(), notify: caller.name }, [step]),
          );
        }
      }
      return { callId };
    },
    async receipt({ number, messageIds, type }) {
      const person = personOnWhatsApp(world, number);
      for (const { author, chat, ids, addressing } of byAuthor(world, person, messageIds)) {
        const jid = chat.includes("@") ? chat : jidOf(author, addressing);
        const origin = chatKindOf(world, jid)?.origin(jid, person) ?? {};
        sendReceipt(world, { origin, author, ids, type });
      }
    },
    async inbox({ number, since = 0, waitMs = 0 }, signal) {
      const person = world.directory.known(number);
      // Somebody nobody wrote to yet may still be waited for.
      const { inbox } = person ?? personOnWhatsApp(world, number);
      const waits =
        waitMs > 0 ? AbortSignal.any([signal, world.signal, AbortSignal.timeout(waitMs)]) : AbortSignal.abort();
      return inbox.after(since, waits);
    },
  };
}

/** A person as `state` and `addContact` show it. */
export function contactInfo(person: Person): ContactInfo {
  const { number, lid, name, onWhatsApp } = person;
  const hosted = person.devices.has(hostedDevice);
  return { number, lid, name, onWhatsApp, devices: ownDevices(person).length, ...(hosted && { hosted }) };
}

/** The clients that see what somebody does in a chat, and how the stanza names who it is. */
function watchers(world: World, number: string, to: string) {
  const person = personOnWhatsApp(world, number);
  const given = recipientJid(to);
  const identity = world.directory.identify(given);
  const account = identity === undefined ? undefined : requireAccount(world, identity.number);
  const jid = account === undefined ? given : jidOf(account, person.addressing.get(account.number) ?? "pn");
  const chat = chatKindOf(world, jid);
  if (chat === undefined) throw new SandboxError("invalid", `${to} is not a number or a group`);
  const origin = chat.origin(jid, person);
  return chat.audience(jid, person).map((companion) => ({ companion, origin }));
}

/** The messages this person got, by who wrote them and where. Throws `not_found` for ids that are not known. */
function byAuthor(world: World, person: Person, messageIds: readonly string[]) {
  const known = messageIds.map((id) => {
    const message = person.memory.get(id);
    if (message === undefined) throw new SandboxError("not_found", `${person.number} knows no message ${id}`);
    if (message.author === person.number)
      throw new SandboxError("invalid", `${person.number} wrote message ${id} itself`);
    return message;
  });
  const groups = Map.groupBy(known, ({ author, chat }) => `${author} ${chat}`);
  return [...groups.values()].flatMap((messages) => {
    const [first] = messages;
    if (first === undefined) return [];
    const author = world.directory.person(first.author);
    return [{ author, chat: first.chat, addressing: first.addressing, ids: messages.map(({ id }) => id) }];
  });
}
