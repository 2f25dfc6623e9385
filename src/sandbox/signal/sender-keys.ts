import { BufferJSON, type proto } from "@whiskeysockets/baileys";
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  SenderKeyName,
  SenderKeyRecord,
  type SenderKeyState,
  type SenderMessageKey,
} from "@whiskeysockets/baileys/lib/Signal/Group/index.js";
import { decrypt } from "libsignal/src/crypto.js";
import { protocolAddress } from "./address.ts";
import { isSigned } from "./curve.ts";
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
      forgetMessageKeys(record);
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
      const bytes = Buffer.from(ciphertext);
      const message = new SenderKeyMessage(null, null, null, null, bytes);
      const record = records.get(nameOf(group, address).toString());
      const state = record?.getSenderKeyState(message.getKeyId());
      if (record === undefined || state === undefined) throw new Error("the sender's key is not known");
      const [signed, signature] = [bytes.subarray(0, -signatureBytes), bytes.subarray(-signatureBytes)];
      if (!isSigned(state.getSigningKeyPublic(), signed, signature)) throw new Error("wrong signature");
      const key = messageKey(state, message.getIteration());
      forgetMessageKeys(record);
      return unpad(await decrypt(key.getCipherKey(), message.getCipherText(), key.getIv()));
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

const signatureBytes = 64;
/** A message may be this many places ahead of the last one. */
const maxAhead = 2000;
/** Keys of messages that were passed over and may still come. */
const maxPassedOver = 100;

/** The key of the n-th message of a sender; each can be had once. */
function messageKey(state: SenderKeyState, iteration: number): SenderMessageKey {
  let chain = state.getSenderChainKey();
  if (chain.getIteration() > iteration) {
    const kept = state.removeSenderMessageKey(iteration);
    if (kept === null) throw new Error("the message was read before, or is too old");
    return kept;
  }
  if (iteration - chain.getIteration() > maxAhead) throw new Error("the message is too far ahead");
  for (; chain.getIteration() < iteration; chain = chain.getNext()) {
    state.addSenderMessageKey(chain.getSenderMessageKey());
  }
  state.setSenderChainKey(chain.getNext());
  return chain.getSenderMessageKey();
}

/**
 * Baileys' cipher passes over every other message key of a sender. A sender never needs them again and a receiver only
 * the latest; thousands of them would go into every snapshot.
 */
function forgetMessageKeys(record: SenderKeyRecord): void {
  for (const { senderSigningKey, senderMessageKeys } of record.serialize()) {
    const keep = (senderSigningKey.private?.length ?? 0) > 0 ? 0 : maxPassedOver;
    senderMessageKeys.splice(0, Math.max(0, senderMessageKeys.length - keep));
  }
}
