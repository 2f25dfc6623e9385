import type { KeyPair, proto } from "@whiskeysockets/baileys";

/** What another device needs to write to this one. */
export interface PreKeyBundle {
  readonly registrationId: number;
  /** 32 bytes. */
  readonly identity: Uint8Array;
  readonly signedPreKey: { readonly id: number; readonly publicKey: Uint8Array; readonly signature: Uint8Array };
  readonly preKey?: { readonly id: number; readonly publicKey: Uint8Array };
}

/** All a device remembers, as plain JSON. It holds private keys. */
export interface SimDeviceState {
  readonly deviceId: number;
  /** Base64. */
  readonly seed: string;
  readonly nextPreKeyId: number;
  /** Ids of the one-time pre-keys that were given away and not used yet. */
  readonly preKeyIds: readonly number[];
  /** libsignal's session records by address. */
  readonly sessions: Readonly<Record<string, unknown>>;
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
  snapshot(): SimDeviceState;
}

/** A device with the identity, the signed pre-key and the registration id that belong to this seed. */
export function createSimDevice(_input: { readonly seed: Uint8Array; readonly deviceId: number }): SimDevice {
  throw new Error("being written");
}

/** The device as it was at the snapshot. */
export function restoreSimDevice(_state: SimDeviceState): SimDevice {
  throw new Error("being written");
}
