import { generateParticipantHashV2 } from "@whiskeysockets/baileys";
import { isGroupJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Ack } from "../acks.ts";
import type { LiveSocket } from "../live-socket.ts";
import { askLid } from "../recipient.ts";
import type { Composed } from "../send/compose.ts";
import { addressAttributes, type Address } from "./address.ts";
import { type ChatFormDeps, keepSentForm, sentForm } from "./chat-form.ts";
import { forgetDevices } from "./devices.ts";
import { reachMissedMembers } from "./missed-members.ts";
import type { Form } from "./form.ts";

/** A message that WhatsApp took. */
export interface AcceptedMessage {
  readonly instanceId: string;
  readonly messageId: string;
  readonly address: Address;
  readonly composed: Composed;
  readonly ack: Ack;
  /** Devices it was encrypted for. */
  readonly devices: ReadonlySet<string>;
  /** Under the other name it had been refused before. */
  readonly refusedBefore: boolean;
}

/** What keeping it works with. */
export interface AcceptedDeps extends ChatFormDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Remembers what worked, and does what the ack says of an outdated LID or outdated devices. The message itself has
 * been taken: whatever fails here is logged and tried again with the next one.
 */
export async function learnFromAck(deps: AcceptedDeps, socket: LiveSocket, taken: AcceptedMessage): Promise<void> {
  const { instanceId, address, ack, refusedBefore } = taken;
  const { person, chat } = address;
  try {
    if (person === undefined) {
      if (ack.phash !== undefined && isGroupJid(chat))
        await reachMissedMembers(deps, socket, { ...taken, phash: ack.phash });
      return;
    }
    if (refusedBefore) socket.migration.seen(person.form === "lid");
    const next: Form = ack.refreshLid === true && (await refreshedLid(socket, address)) ? "lid" : person.form;
    const before = await sentForm(deps, { instanceId, chatId: chat });
    const isKnown = before?.form === next && before.at >= (socket.migration.current()?.at ?? 0);
    if (!isKnown) await keepSentForm(deps, { instanceId, chatId: chat }, { form: next, at: deps.clock.now() });
    if (ack.phash !== undefined) await reachMissed(socket, taken, ack.phash);
  } catch (error) {
    deps.log.warn({ instanceId, error }, "what the ack of a message said could not be followed");
  }
}

async function refreshedLid(socket: LiveSocket, { person }: Address): Promise<boolean> {
  const pn = person?.names.pn;
  return pn !== undefined && (await askLid(socket, pn)) !== undefined;
}

/** Most devices a message is sent to on top: each has one phone and few companions. */
const maxMissed = 20;

/** WhatsApp protocol: another hash than ours means other devices than ours; those that were left out get the message. */
async function reachMissed(socket: LiveSocket, taken: AcceptedMessage, phash: string): Promise<void> {
  const { address, composed, messageId, devices } = taken;
  const { jid } = address;
  if (generateParticipantHashV2([...devices]) === phash) return;
  await forgetDevices(socket, [jid]);
  const now = await socket.sock.getUSyncDevices([jid], true, false);
  const missed = now.map((device) => device.jid).filter((device) => !devices.has(bare(device)) && !devices.has(device));
  for (const device of missed.slice(0, maxMissed)) {
    await socket.sock.relayMessage(jid, composed.message.message ?? {}, {
      messageId,
      participant: { jid: device, count: 1 },
      additionalAttributes: { ...addressAttributes(address), ...composed.attributes },
    });
  }
}

/** The phone is named without its number 0 or with it. */
function bare(device: string): string {
  return device.replace(":0@", "@");
}
