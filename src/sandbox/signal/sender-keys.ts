import { BufferJSON, type proto } from "@whiskeysockets/baileys";
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from "@whiskeysockets/baileys/lib/Signal/Group/index.js";
import { protocolAddress } from "./address.ts";
import { pad, unpad } from "./padding.ts";

/** The sender keys a device holds: its own ones and those that others gave it. */
export interface SenderKeys {
  distribution(group: string, ownAddress: string): Promise<Uint8Array>;
  process(group: string, address: string, distribution: Uint8Array): Promise<void>;
  encrypt(group: string, ownAddress: string, message: proto.IMessage): Promise<Uint8Array>;
  decrypt(group: string, address: string, ciphertext: Uint8Array): Promise<proto.IMessage>;
  snapshot(): Readonly<Record<string, string>>;
}

/** Sender keys as they were at a snapshot. */
export function createSenderKeys(state: Readonly<Record<string, string>>): SenderKeys {
  const records = new Map(
    Object.entries(state).map(([name, record]) => [name, SenderKeyRecord.deserialize(Buffer.from(record))] as const),
  );
  const store = {
    loadSenderKey: async (name: SenderKeyName) => records.get(name.toString()) ?? new SenderKeyRecord(),
    storeSenderKey: async (name: SenderKeyName, record: SenderKeyRecord) => {
      forgetOwnMessageKeys(record);
      records.set(name.toString(), record);
    },
  };
  const builder = new GroupSessionBuilder(store);
  const distribution: SenderKeys["distribution"] = async (group, ownAddress) =>
    (await builder.create(nameOf(group, ownAddress))).serialize();
  return {
    distribution,
    async process(group, address, bytes) {
      const message = new SenderKeyDistributionMessage(null, null, null, null, Buffer.from(bytes));
      await builder.process(nameOf(group, address), message);
    },
    async encrypt(group, ownAddress, message) {
      // A device that never distributed its key still has one.
      await distribution(group, ownAddress);
      return new GroupCipher(store, nameOf(group, ownAddress)).encrypt(pad(message));
    },
    async decrypt(group, address, ciphertext) {
      return unpad(await new GroupCipher(store, nameOf(group, address)).decrypt(Buffer.from(ciphertext)));
    },
    snapshot: () =>
      Object.fromEntries(
        [...records].map(([name, record]) => [name, JSON.stringify(record.serialize(), BufferJSON.replacer)]),
      ),
  };
}

function nameOf(group: string, address: string): SenderKeyName {
  const sender = protocolAddress(address);
  return new SenderKeyName(group, { id: sender.id, deviceId: sender.deviceId, toString: () => sender.toString() });
}

/**
 * Baileys' cipher skips every other message key of a sender and keeps it for later; a sender never needs it again, and
 * thousands of them would go into every snapshot.
 */
function forgetOwnMessageKeys(record: SenderKeyRecord): void {
  for (const state of record.serialize()) {
    if ((state.senderSigningKey.private?.length ?? 0) > 0) state.senderMessageKeys.length = 0;
  }
}
