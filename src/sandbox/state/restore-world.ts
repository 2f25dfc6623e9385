import type { proto } from "@whiskeysockets/baileys";
import { createCompanion, type CompanionKeys } from "../companion.ts";
import { decodeMessage } from "../content/wire-bytes.ts";
import { addDevice, createPerson } from "../directory.ts";
import type { GroupFeature } from "../feature.ts";
import { restoreAppState } from "../history/app-state.ts";
import { createInbox } from "../messages/inbox.ts";
import { restorePasskey } from "../passkey/passkey.ts";
import type { Account, Person } from "../person.ts";
import { createReach } from "../reach/reach.ts";
import { SandboxError } from "../sandbox-error.ts";
import { restoreSimDevice } from "../signal/sim-device.ts";
import { floodLock } from "../standing.ts";
import { createStanzaQueue } from "../stanza-queue.ts";
import { decodeStanza } from "../wire/decode-stanza.ts";
import type { World } from "../world.ts";
import { isSavedWorld, type SavedAccount, type SavedCompanion, type SavedPerson } from "./saved-world.ts";

/** Fills a fresh world with what a state file holds. Throws `invalid` and, for the file of another seed, `conflict`. */
export async function restoreWorld(
  deps: { readonly world: World; readonly groups: GroupFeature },
  state: unknown,
): Promise<void> {
  const { world, groups } = deps;
  if (!isSavedWorld(state))
    throw new SandboxError("invalid", "the state file is not one of this version of the sandbox");
  if (state.seed !== world.options.seed) {
    throw new SandboxError("conflict", "the state file belongs to a sandbox with another seed");
  }
  // A file of an older version does not know every switch.
  world.behaviour = { ...world.behaviour, ...state.behaviour };
  for (const key of state.unlinked) world.unlinked.set(key, true);
  for (const { jid, id, directPath } of state.pictures) world.pictures.set(jid, { id, directPath });
  for (const saved of state.people) world.directory.add(await restorePerson(world, saved));
  groups.restore(state.groups);
}

async function restorePerson(world: World, saved: SavedPerson): Promise<Person> {
  const { number, name, onWhatsApp, about, account } = saved;
  const entries = saved.inbox.entries.map((entry) => ({ ...entry, message: decoded(entry.message) }));
  const person: Person = {
    ...createPerson(number, about.at),
    name,
    onWhatsApp,
    about,
    catalogue: saved.catalogue ?? [],
    lidMigrated: saved.lidMigrated ?? true,
    username: saved.username,
    inbox: createInbox({ lastSeq: saved.inbox.lastSeq, entries }),
    addressing: new Map(saved.addressing),
    passkey: restorePasskey(saved.passkey),
    staleDevices: new Map(saved.staleDevices ?? []),
    reach: createReach(saved.reach),
    account: account === undefined ? undefined : restoreAccount(world, account),
  };
  for (const { id, signal, uses } of saved.devices) {
    addDevice(person, id, signal === undefined ? world.options.seed : restoreSimDevice(signal));
    for (const [companion, use] of uses) person.devices.get(id)?.uses.set(companion, { ...use, baseKey: use.baseKey });
  }
  for (const message of saved.memory) person.memory.put({ ...message, message: decoded(message.message) });
  for (const companion of saved.companions)
    person.companions.set(companion.id, await restoreCompanion(person, companion));
  return person;
}

function restoreAccount(world: World, { isLocked, ...saved }: SavedAccount): Account {
  return {
    ...saved,
    business: saved.business,
    blocked: new Set(saved.blocked),
    privacy: new Map(saved.privacy),
    appState: restoreAppState({ media: world.media }, saved.appState),
    refusal: isLocked === true ? floodLock : saved.refusal,
  };
}

async function restoreCompanion(person: Person, saved: SavedCompanion) {
  const queue = createStanzaQueue(await Promise.all(saved.queue.map(async (node) => decodeStanza(bytes(node)))));
  const waiting = queue.list();
  for (const place of saved.refused ?? []) Object.assign(waiting[place] ?? {}, { isRefused: true });
  const { id, bootstrapped, keys } = saved;
  return createCompanion({
    person,
    id,
    bootstrapped,
    queue,
    noiseKey: bytes(saved.noiseKey),
    keys: keys === undefined ? undefined : restoreKeys(keys),
    preKeys: saved.preKeys.map(({ id: keyId, publicKey }) => ({ id: keyId, publicKey: bytes(publicKey) })),
  });
}

function restoreKeys(saved: NonNullable<SavedCompanion["keys"]>): CompanionKeys {
  const { id, publicKey, signature } = saved.signedPreKey;
  return {
    registrationId: saved.registrationId,
    identity: bytes(saved.identity),
    signedPreKey: { id, publicKey: bytes(publicKey), signature: bytes(signature) },
  };
}

const decoded = (message: string): proto.IMessage => decodeMessage(bytes(message));

const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");
