import { randomBytes, randomInt } from "node:crypto";
import { BufferJSON, proto } from "@whiskeysockets/baileys";
import {
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  SenderKeyName,
  SenderKeyRecord,
  type SenderKeyState,
  type SenderMessageKey,
} from "@whiskeysockets/baileys/lib/Signal/Group/index.js";
import { decrypt, encrypt } from "libsignal/src/crypto.js";
import { protocolAddress } from "./address.ts";
import { isSigned, sign } from "./curve.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { pad, unpad } from "./padding.ts";

/** The sender keys a device holds: its own ones and those that others gave it. */
export interface SenderKeys {
  distribution(group: string, ownAddress: string): Promise<Uint8Array>;
  process(group: string, address: string, distribution: Uint8Array): Promise<void>;
  encrypt(group: string, ownAddress: string, message: proto.IMessage): Promise<Uint8Array>;
  decrypt(group: string, address: string, ciphertext: Uint8Array): Promise<proto.IMessage>;
  /** Whether there is a key of this sender. */
  has(group: string, address: string): boolean;
  snapshot(): Readonly<Record<string, string>>;
}

/** The sender keys of a device as they were at a snapshot. */
export function createSenderKeys(keys: DeviceKeys, state: Readonly<Record<string, string>>): SenderKeys {
  const records = new Map(
    Object.entries(state).map(([name, record]) => [name, SenderKeyRecord.deserialize(Buffer.from(record))] as const),
  );
  const recordOf = (name: string): SenderKeyRecord => {
    const record = records.get(name) ?? new SenderKeyRecord();
    records.set(name, record);
    return record;
  };
  const builder = new GroupSessionBuilder({
    loadSenderKey: async (name) => recordOf(name.toString()),
    storeSenderKey: async (name, record) => void records.set(name.toString(), record),
  });
  const ownState = (group: string, ownAddress: string): SenderKeyState => {
    const record = recordOf(nameOf(group, ownAddress).toString());
    if (record.isEmpty()) {
      const keyId = randomInt(1, 2 ** 31 - 1);
      record.setSenderKeyState(keyId, 0, randomBytes(32), keys.senderSigningKey(keyId));
    }
    const state = record.getSenderKeyState();
    if (state === undefined) throw new Error("a sender key that was just made is missing");
    return state;
  };
  return {
    has: (group, address) => records.get(nameOf(group, address).toString())?.isEmpty() === false,
    async distribution(group, ownAddress) {
      const own = ownState(group, ownAddress);
      const chain = own.getSenderChainKey();
      const iteration = chain.getIteration();
      const signingKey = own.getSigningKeyPublic();
      return new SenderKeyDistributionMessage(own.getKeyId(), iteration, chain.getSeed(), signingKey).serialize();
    },
    async process(group, address, bytes) {
      const message = new SenderKeyDistributionMessage(null, null, null, null, Buffer.from(bytes));
      await builder.process(nameOf(group, address), message);
    },
    async encrypt(group, ownAddress, message) {
      const own = ownState(group, ownAddress);
      const chain = own.getSenderChainKey();
      const key = chain.getSenderMessageKey();
      own.setSenderChainKey(chain.getNext());
      const ciphertext = await encrypt(key.getCipherKey(), pad(message), key.getIv());
      const fields = { id: own.getKeyId(), iteration: key.getIteration(), ciphertext };
      const signed = Buffer.concat([Buffer.from([version]), proto.SenderKeyMessage.encode(fields).finish()]);
      return Buffer.concat([signed, sign(keys.senderSigningKey(own.getKeyId()), signed)]);
    },
    async decrypt(group, address, ciphertext) {
      const bytes = Buffer.from(ciphertext);
      const message = new SenderKeyMessage(null, null, null, null, bytes);
      const state = records.get(nameOf(group, address).toString())?.getSenderKeyState(message.getKeyId());
      if (state === undefined) throw new Error("the sender's key is not known");
      const [signed, signature] = [bytes.subarray(0, -signatureBytes), bytes.subarray(-signatureBytes)];
      if (!isSigned(state.getSigningKeyPublic(), signed, signature)) throw new Error("wrong signature");
      const key = messageKey(state, message.getIteration());
      forgetPassedOver(state);
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

/** Signal: the version of the message twice, its own and the oldest that is understood. */
const version = 0x33;
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

/** Baileys passes over every other message key; kept all, they would fill the snapshots. */
function forgetPassedOver(state: SenderKeyState): void {
  const { senderMessageKeys } = state.getStructure();
  senderMessageKeys.splice(0, Math.max(0, senderMessageKeys.length - maxPassedOver));
}
