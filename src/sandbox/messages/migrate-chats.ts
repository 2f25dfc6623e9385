import { proto } from "@whiskeysockets/baileys";
import type { Person } from "../person.ts";
import type { World } from "../world.ts";
import { sendPeerMessage } from "./own-phone.ts";

const { Type } = proto.Message.ProtocolMessage;

/** An account's chats move to LIDs, or back; of the first its phone tells the linked devices. */
export async function migrateChats(world: World, person: Person, lidMigrated: boolean): Promise<void> {
  person.lidMigrated = lidMigrated;
  // Nobody's chat goes on under the name it had.
  for (const other of world.directory.people()) {
    other.addressing.delete(person.number);
    person.addressing.delete(other.number);
  }
  world.changed();
  if (!lidMigrated) return;
  const encodedMappingPayload = proto.LIDMigrationMappingSyncPayload.encode(mappings(world, person)).finish();
  const protocolMessage = {
    type: Type.LID_MIGRATION_MAPPING_SYNC,
    lidMigrationMappingSyncMessage: { encodedMappingPayload },
  };
  for (const companion of person.companions.values()) await sendPeerMessage(world, companion, { protocolMessage });
}

/** WhatsApp protocol: the number and LID of everybody there is a chat with, and when the chats were moved. */
function mappings(world: World, person: Person): proto.ILIDMigrationMappingSyncPayload {
  const chats = new Set(person.memory.list().map(({ chat }) => chat));
  const known = world.directory.people().filter(({ number, username }) => chats.has(number) && username === undefined);
  return {
    chatDbMigrationTimestamp: world.seconds(),
    pnToLidMappings: known.map(({ number, lid }) => ({ pn: Number(number), assignedLid: Number(lid) })),
  };
}
