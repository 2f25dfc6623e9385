import { encodeBinaryNode, type proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { encodeMessage } from "../content/wire-bytes.ts";
import type { GroupFeature } from "../feature.ts";
import { savePasskey } from "../passkey/passkey.ts";
import type { Account, Person, RememberedMessage } from "../person.ts";
import { saveReach } from "../reach/reach.ts";
import type { World } from "../world.ts";
import type { SavedAccount, SavedCompanion, SavedKey, SavedMessage, SavedPerson, SavedWorld } from "./saved-world.ts";

/** Everything a world has to remember, as plain JSON. */
export function saveWorld(world: World, groups: GroupFeature): SavedWorld {
  return {
    version: 1,
    seed: world.options.seed,
    behaviour: world.behaviour,
    unlinked: [...world.unlinked.keys()],
    pictures: [...world.pictures].map(([jid, { id, directPath }]) => ({ jid, id, directPath })),
    people: world.directory.people().map(savePerson),
    groups: groups.snapshot(),
  };
}

function savePerson(person: Person): SavedPerson {
  const { number, name, onWhatsApp, about, catalogue, devices, companions, inbox, memory, addressing, account } =
    person;
  const { staleDevices } = person;
  const { lastSeq, entries } = inbox.kept();
  const reach = saveReach(person.reach);
  return {
    number,
    name,
    onWhatsApp,
    about,
    ...(catalogue.length > 0 && { catalogue }),
    ...(person.username !== undefined && { username: person.username }),
    ...(staleDevices.size > 0 && { staleDevices: [...staleDevices] }),
    lidMigrated: person.lidMigrated,
    devices: [...devices.values()].map(({ id, signalIfUsed, uses }) => ({
      id,
      signal: signalIfUsed()?.snapshot(),
      uses: [...uses],
    })),
    companions: [...companions.values()].map(saveCompanion),
    inbox: { lastSeq, entries: entries.map(({ message, ...entry }) => ({ ...entry, message: encoded(message) })) },
    memory: memory.list().map(saveMessage),
    addressing: [...addressing],
    account: account === undefined ? undefined : saveAccount(account),
    ...(person.passkey !== undefined && { passkey: savePasskey(person.passkey) }),
    ...(reach !== undefined && { reach }),
  };
}

function saveCompanion(companion: Companion): SavedCompanion {
  const keys = companion.keys();
  const waiting = companion.queue.list();
  const refused = waiting.flatMap(({ isRefused }, place) => (isRefused ? [place] : []));
  return {
    id: companion.id,
    noiseKey: base64(companion.noiseKey),
    bootstrapped: companion.bootstrapped,
    keys:
      keys === undefined
        ? undefined
        : {
            registrationId: keys.registrationId,
            identity: base64(keys.identity),
            signedPreKey: { ...saveKey(keys.signedPreKey), signature: base64(keys.signedPreKey.signature) },
          },
    preKeys: companion.preKeys.map(saveKey),
    queue: waiting.map(({ node }) => base64(encodeBinaryNode(node))),
    ...(refused.length > 0 && { refused }),
  };
}

const saveKey = ({ id, publicKey }: { readonly id: number; readonly publicKey: Uint8Array }): SavedKey => ({
  id,
  publicKey: base64(publicKey),
});

function saveMessage({ message, ...rest }: RememberedMessage): SavedMessage {
  return { ...rest, message: encoded(message) };
}

function saveAccount(account: Account): SavedAccount {
  const { platform, business, nextDevice, blocked, privacy, disappearing, appState, refusal } = account;
  return {
    platform,
    business,
    nextDevice,
    blocked: [...blocked],
    privacy: [...privacy],
    disappearing,
    appState: appState.snapshot(),
    ...(refusal !== undefined && { refusal }),
  };
}

const encoded = (message: proto.IMessage): string => base64(encodeMessage(message));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
