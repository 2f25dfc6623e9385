import type { KeyPair, proto } from "@whiskeysockets/baileys";
import { SessionBuilder, SessionCipher, type ProtocolAddress } from "libsignal";
import { SandboxError } from "../sandbox-error.ts";
import { protocolAddress } from "./address.ts";
import { isSigned, signalKey } from "./curve.ts";
import { createDeviceKeys } from "./device-keys.ts";
import { pad, unpad } from "./padding.ts";
import { createSenderKeys } from "./sender-keys.ts";
import { createSessionStore, type SessionStore, type SessionStoreState } from "./session-store.ts";

/** What another device needs to write to this one. */
export interface PreKeyBundle {
  readonly registrationId: number;
  /** 32 bytes. */
  readonly identity: Uint8Array;
  readonly signedPreKey: { readonly id: number; readonly publicKey: Uint8Array; readonly signature: Uint8Array };
  readonly preKey?: { readonly id: number; readonly publicKey: Uint8Array };
}

/** All a device remembers, as plain JSON. It holds private keys. */
export interface SimDeviceState extends SessionStoreState {
  readonly deviceId: number;
  /** Base64. */
  readonly seed: string;
  /** Sender keys by group and address. */
  readonly senderKeys: Readonly<Record<string, string>>;
}

/**
 * A device whose keys the sandbox holds: a contact's phone, a contact's second device, or the account's own phone.
 * An address is `user@server:device` with the server `s.whatsapp.net` or `lid`; sessions are kept per address. One
 * operation runs at a time, in the order of the calls.
 */
export interface SimDevice {
  readonly deviceId: number;
  readonly registrationId: number;
  /** 32 bytes. */
  readonly identityPublic: Uint8Array;
  readonly identity: KeyPair;
  /** A bundle with a one-time pre-key that nobody got before. */
  takeBundle(): PreKeyBundle;
  hasSession(address: string): boolean;
  /** Starts a session anew. Throws `refused` when the bundle's signature is wrong. */
  openSession(address: string, bundle: PreKeyBundle): Promise<void>;
  dropSession(address: string): void;
  /** Throws `not_found` without a session. */
  encrypt(
    address: string,
    message: proto.IMessage,
  ): Promise<{ readonly type: "pkmsg" | "msg"; readonly ciphertext: Uint8Array }>;
  /** Throws `refused` for what cannot be decrypted; the session is then as it was before. */
  decrypt(address: string, type: string, ciphertext: Uint8Array): Promise<proto.IMessage>;
  /** The distribution message of this device's sender key in a group, as it stands now. */
  senderKey(group: string, ownAddress: string): Promise<Uint8Array>;
  processSenderKey(group: string, address: string, distribution: Uint8Array): Promise<void>;
  encryptGroup(group: string, ownAddress: string, message: proto.IMessage): Promise<Uint8Array>;
  /** Throws `refused` for a wrong signature, an unknown sender key or a message seen before. */
  decryptGroup(group: string, address: string, ciphertext: Uint8Array): Promise<proto.IMessage>;
  /** Whether it has a sender key of this address. */
  hasSenderKey(group: string, address: string): boolean;
  snapshot(): SimDeviceState;
}

/** A device with the identity, the signed pre-key and the registration id that belong to this seed. */
export function createSimDevice(input: { readonly seed: Uint8Array; readonly deviceId: number }): SimDevice {
  const seed = Buffer.from(input.seed).toString("base64");
  return restoreSimDevice({
    deviceId: input.deviceId,
    seed,
    nextPreKeyId: 1,
    preKeyIds: [],
    sessions: {},
    senderKeys: {},
  });
}

/** The device as it was at the snapshot. */
export function restoreSimDevice(state: SimDeviceState): SimDevice {
  const { deviceId, seed } = state;
  const keys = createDeviceKeys(Buffer.from(seed, "base64"), deviceId);
  const store = createSessionStore(keys, state);
  const senderKeys = createSenderKeys(keys, state.senderKeys);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(operation: () => Promise<T>): Promise<T> => {
    const run = last.then(async () => {
      store.begin();
      return operation();
    });
    // The next one does not care how this one ended.
    last = run.catch(() => {});
    return run;
  };
  return {
    deviceId,
    registrationId: keys.registrationId,
    identity: keys.identity,
    identityPublic: keys.identity.public,
    takeBundle() {
      const { id, keyPair, signature } = keys.signedPreKey;
      const preKeyId = store.nextPreKeyId();
      return {
        registrationId: keys.registrationId,
        identity: keys.identity.public,
        signedPreKey: { id, publicKey: keyPair.public, signature },
        preKey: { id: preKeyId, publicKey: keys.preKey(preKeyId).public },
      };
    },
    hasSession: (address) => store.has(protocolAddress(address).toString()),
    openSession: async (address, bundle) =>
      inTurn(async () => {
        await new SessionBuilder(store.storage, protocolAddress(address)).initOutgoing(checkedBundle(bundle));
      }),
    dropSession: (address) => store.drop(protocolAddress(address).toString()),
    encrypt: async (address, message) =>
      inTurn(async () => {
        const peer = protocolAddress(address);
        if (!store.has(peer.toString())) throw new SandboxError("not_found", `there is no session with ${address}`);
        const { type, body } = await new SessionCipher(store.storage, peer).encrypt(pad(message));
        // libsignal: 3 says that the first message, with the keys, was not answered yet.
        return { type: type === 3 ? "pkmsg" : "msg", ciphertext: Buffer.from(body, "binary") };
      }),
    decrypt: async (address, type, ciphertext) =>
      inTurn(async () =>
        orRefused(async () => {
          const peer = protocolAddress(address);
          const bytes = Buffer.from(ciphertext);
          if (type === "pkmsg") {
            return unpad(await new SessionCipher(store.storage, peer).decryptPreKeyWhisperMessage(bytes));
          }
          if (type === "msg") return unpad(await decryptWithAny(store, peer, bytes));
          throw new Error(`a device does not decrypt ${type}`);
        }),
      ),
    senderKey: async (group, ownAddress) => inTurn(async () => senderKeys.distribution(group, ownAddress)),
    processSenderKey: async (group, address, distribution) =>
      inTurn(async () => orRefused(async () => senderKeys.process(group, address, distribution))),
    encryptGroup: async (group, ownAddress, message) =>
      inTurn(async () => senderKeys.encrypt(group, ownAddress, message)),
    decryptGroup: async (group, address, ciphertext) =>
      inTurn(async () => orRefused(async () => senderKeys.decrypt(group, address, ciphertext))),
    hasSenderKey: (group, address) => senderKeys.has(group, address),
    snapshot: () => ({ deviceId, seed, ...store.snapshot(), senderKeys: senderKeys.snapshot() }),
  };
}

/** Tries the sessions of an address one by one. */
async function decryptWithAny(store: SessionStore, peer: ProtocolAddress, bytes: Buffer): Promise<Uint8Array> {
  let failure: unknown = new Error("No session record");
  for (const storage of store.singles(peer.toString())) {
    try {
      return await new SessionCipher(storage, peer).decryptWhisperMessage(bytes);
    } catch (error) {
      // Of several sessions all but one must fail; what the last one said is thrown in the end.
      failure = error;
    }
  }
  throw failure;
}

/** The bundle in libsignal's words, once its signature is known to be right: libsignal itself does not look. */
function checkedBundle({ registrationId, identity, signedPreKey, preKey }: PreKeyBundle) {
  const signed = signalKey(signedPreKey.publicKey);
  if (!isSigned(identity, signed, signedPreKey.signature)) {
    throw new SandboxError("refused", "the signed pre-key was not signed by its identity");
  }
  const session = {
    registrationId,
    identityKey: signalKey(identity),
    signedPreKey: { keyId: signedPreKey.id, publicKey: signed, signature: Buffer.from(signedPreKey.signature) },
  };
  // libsignal does without a one-time pre-key, though its types ask for one.
  if (preKey === undefined) return session as typeof session & { preKey: { keyId: number; publicKey: Uint8Array } };
  return { ...session, preKey: { keyId: preKey.id, publicKey: signalKey(preKey.publicKey) } };
}

async function orRefused<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof SandboxError) throw cause;
    throw new SandboxError("refused", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
