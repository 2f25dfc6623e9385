import { createHash } from "node:crypto";
import type { KeyPair } from "@whiskeysockets/baileys";
import { deriveKeyPair, sign, signalKey, type DerivedKeyPair } from "./curve.ts";

/** The keys of one device; all of them follow from its seed. */
export interface DeviceKeys {
  readonly registrationId: number;
  readonly identity: DerivedKeyPair;
  readonly signedPreKey: { readonly id: number; readonly keyPair: KeyPair; readonly signature: Uint8Array };
  /** The one-time pre-key with this number. */
  readonly preKey: (id: number) => KeyPair;
  /** What signs the messages under one of its sender keys. */
  readonly senderSigningKey: (keyId: number) => DerivedKeyPair;
}

/** The keys that belong to a seed and a device number. */
export function createDeviceKeys(seed: Uint8Array, deviceId: number): DeviceKeys {
  const identity = deriveKeyPair(seed, `device ${deviceId} identity`);
  const keyPair = deriveKeyPair(seed, `device ${deviceId} signed pre-key 1`);
  const digest = createHash("sha256").update(seed).update(`device ${deviceId} registration`).digest();
  const senderKeys = new Map<number, DerivedKeyPair>();
  return {
    // Signal: 1 to 16380.
    registrationId: (digest.readUInt32BE(0) % 16_380) + 1,
    identity,
    signedPreKey: { id: 1, keyPair, signature: sign(identity, signalKey(keyPair.public)) },
    preKey: (id) => deriveKeyPair(seed, `device ${deviceId} pre-key ${id}`),
    senderSigningKey(keyId) {
      const key = senderKeys.get(keyId) ?? deriveKeyPair(seed, `device ${deviceId} sender key ${keyId}`);
      // One per chat of many that the device writes in.
      senderKeys.set(keyId, key);
      return key;
    },
  };
}
