import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "./companion.ts";
import { deviceKey } from "./messages/decrypt.ts";
import { jidOf } from "./messages/envelope.ts";
import type { Person } from "./person.ts";
import { stanza } from "./wire/stanza.ts";
import type { World } from "./world.ts";

/** Tells the own clients, and those of whoever is in conversation with this person, which devices came or went. */
export function announceDevices(
  world: World,
  person: Person,
  change: { readonly add?: readonly number[]; readonly remove?: readonly number[] },
): void {
  const audience = acquaintances(world, person);
  for (const [tag, ids] of Object.entries(change)) {
    for (const companion of audience) {
      if (ids.length === 0 || (companion.person === person && ids.includes(companion.id))) continue;
      const attrs = {
        from: jidOf(person, "pn"),
        lid: jidOf(person, "lid"),
        type: "devices",
        id: world.nextId(),
        t: world.seconds(),
      };
      world.post(
        companion,
        stanza("notification", attrs, [
          stanza(
            tag,
            {},
            ids.flatMap((id) => deviceNodes(person, id)),
          ),
        ]),
      );
    }
  }
}

/** The own clients, and those of whoever is in conversation with this person or has a session with one of its devices. */
export function acquaintances(world: World, person: Person): readonly Companion[] {
  const sessions = new Set([...person.devices.values()].flatMap(({ uses }) => [...uses.keys()]));
  return world.directory.people().flatMap((other) => {
    const isClose = other === person || other.addressing.has(person.number);
    return [...other.companions.values()].filter((companion) => isClose || sessions.has(deviceKey(companion)));
  });
}

/** Clients keep the devices of both addresses of a person apart, so both are named. */
function deviceNodes(person: Person, id: number): readonly BinaryNode[] {
  const [pn, lid] = [jidOf(person, "pn", id), jidOf(person, "lid", id)];
  const keyIndex = id === 0 ? undefined : id;
  return [
    stanza("device", { jid: pn, lid, "key-index": keyIndex }),
    stanza("device", { jid: lid, "key-index": keyIndex }),
  ];
}
