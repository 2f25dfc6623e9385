import {
  addTransactionCapability,
  encodeWAMessage,
  generateSignalPubKey,
  initAuthCreds,
  makeCacheableSignalKeyStore,
  proto,
  unpadRandomMax16,
  Curve,
} from "@whiskeysockets/baileys";
import { makeLibSignalRepository } from "@whiskeysockets/baileys/lib/Signal/libsignal.js";
import { createBaileysLog } from "../baileys-log.ts";
import { memoryKeyStore } from "../memory-key-store.ts";
import type { PreKeyBundle } from "#sandbox/signal/sim-device.ts";

/** Baileys' own Signal repository over a store in memory: the account's companion. */
export function createBaileysSignal() {
  const creds = initAuthCreds();
  const log = createBaileysLog();
  const keys = addTransactionCapability(makeCacheableSignalKeyStore(memoryKeyStore(), log), log, {
    maxCommitRetries: 1,
    delayBetweenTriesMs: 1,
  });
  const repository = makeLibSignalRepository({ creds, keys }, log, async () => []);
  let nextPreKey = 1;
  return {
    async bundle(): Promise<PreKeyBundle> {
      const preKey = Curve.generateKeyPair();
      const id = nextPreKey++;
      // As Baileys itself stores them: libsignal wants the type in front of the public key only when it sends it.
      await keys.set({ "pre-key": { [id]: preKey } });
      const { keyPair, signature, keyId } = creds.signedPreKey;
      return {
        registrationId: creds.registrationId,
        identity: creds.signedIdentityKey.public,
        signedPreKey: { id: keyId, publicKey: keyPair.public, signature },
        preKey: { id, publicKey: preKey.public },
      };
    },
    async inject(jid: string, { registrationId, identity, signedPreKey, preKey }: PreKeyBundle): Promise<void> {
      await repository.injectE2ESession({
        jid,
        session: {
          registrationId,
          identityKey: generateSignalPubKey(identity),
          signedPreKey: {
            keyId: signedPreKey.id,
            publicKey: generateSignalPubKey(signedPreKey.publicKey),
            signature: signedPreKey.signature,
          },
          preKey: { keyId: preKey!.id, publicKey: generateSignalPubKey(preKey!.publicKey) },
        },
      });
    },
    async encrypt(jid: string, message: proto.IMessage): Promise<{ type: "pkmsg" | "msg"; ciphertext: Uint8Array }> {
      return repository.encryptMessage({ jid, data: encodeWAMessage(message) });
    },
    async decrypt(jid: string, sent: { type: "pkmsg" | "msg"; ciphertext: Uint8Array }): Promise<proto.IMessage> {
      return decode(await repository.decryptMessage({ jid, ...sent }));
    },
    async processSenderKey(group: string, authorJid: string, distribution: Uint8Array): Promise<void> {
      await repository.processSenderKeyDistributionMessage({
        item: { groupId: group, axolotlSenderKeyDistributionMessage: distribution },
        authorJid,
      });
    },
    async encryptGroup(group: string, meId: string, message: proto.IMessage) {
      const sent = await repository.encryptGroupMessage({ group, meId, data: encodeWAMessage(message) });
      return { ciphertext: sent.ciphertext, senderKey: sent.senderKeyDistributionMessage };
    },
    async decryptGroup(group: string, authorJid: string, msg: Uint8Array): Promise<proto.IMessage> {
      return decode(await repository.decryptGroupMessage({ group, authorJid, msg }));
    },
  };
}

function decode(plain: Uint8Array): proto.IMessage {
  return proto.Message.decode(unpadRandomMax16(plain));
}
