import type { Companion } from "./companion.ts";
import { contactChange, pushNameChange } from "./history/app-state.ts";
import { historyMessage, initialHistory } from "./history/history-sync.ts";
import { keyShareMessage } from "./history/key-share.ts";
import { userJid } from "./jid.ts";
import { sendPeerMessage } from "./messages/own-phone.ts";
import type { Person } from "./person.ts";
import type { World } from "./world.ts";

const maxContacts = 1000;

/** What a phone does for a device it has just linked: keys of the app state, names, and the history. */
export async function bootstrap(world: World, companion: Companion): Promise<void> {
  const { person } = companion;
  const { account } = person;
  if (account === undefined || companion.bootstrapped) return;
  companion.bootstrapped = true;
  const timestampMs = world.options.clock.now();
  const contacts = world.directory
    .people()
    .filter((other) => isNamed(other) && other !== person)
    .slice(-maxContacts);
  const named = contacts.map(({ number, lid, name }) => ({
    jid: userJid(number, "pn"),
    lid: userJid(lid, "lid"),
    name,
  }));
  if (account.appState.version("critical_block") === 0) {
    await account.appState.change("critical_block", [pushNameChange({ name: person.name, timestampMs })]);
  }
  if (named.length > 0) {
    const changes = named.map((contact) => contactChange({ ...contact, timestampMs }));
    await account.appState.change("critical_unblock_low", changes);
  }
  await sendPeerMessage(world, companion, keyShareMessage([account.appState.key], timestampMs));
  await sendPeerMessage(world, companion, await historyMessage(world, initialHistory({ contacts: named })));
  world.changed();
}

/** Only people who were given a name are in anybody's address book. */
function isNamed({ name, number, onWhatsApp }: Person): boolean {
  return onWhatsApp && name !== `+${number}`;
}
