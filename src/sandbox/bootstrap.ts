import type { Companion } from "./companion.ts";
import { contactChange, pushNameChange } from "./history/app-state.ts";
import { historyMessage, initialHistory } from "./history/history-sync.ts";
import { recentConversations } from "./messages/conversations.ts";
import { keyShareMessage } from "./history/key-share.ts";
import { announceAppState } from "./iq/app-state.ts";
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
  const named = world.directory
    .people()
    .filter((other) => isNamed(other) && other !== person)
    .slice(-maxContacts)
    .map(addressBookEntry);
  if (account.appState.version("critical_block") === 0) {
    await account.appState.change("critical_block", [pushNameChange({ name: person.name, timestampMs })]);
  }
  if (named.length > 0) {
    const changes = named.map((contact) => contactChange({ ...contact, timestampMs }));
    await account.appState.change(addressBook, changes);
  }
  await sendPeerMessage(world, companion, keyShareMessage([account.appState.key], timestampMs));
  const history = initialHistory({ contacts: named, conversations: recentConversations(world, person) });
  await sendPeerMessage(world, companion, await historyMessage(world, history));
  world.changed();
}

/** Somebody got a name: the phones of all accounts write it into their address books, and their devices learn it. */
export async function tellName(world: World, person: Person): Promise<void> {
  if (!isNamed(person)) return;
  const change = contactChange({ ...addressBookEntry(person), timestampMs: world.options.clock.now() });
  for (const other of world.directory.people()) {
    if (other === person || other.account === undefined || other.companions.size === 0) continue;
    await other.account.appState.change(addressBook, [change]);
    announceAppState(world, addressBook, { number: other.number });
  }
}

const addressBook = "critical_unblock_low";

const addressBookEntry = ({ number, lid, name }: Person) => ({
  jid: userJid(number, "pn"),
  lid: userJid(lid, "lid"),
  name,
});

/** Only people who were given a name, and whose number is seen, are in anybody's address book. */
function isNamed({ name, number, onWhatsApp, username }: Person): boolean {
  return onWhatsApp && name !== `+${number}` && username === undefined;
}
