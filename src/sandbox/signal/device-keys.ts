import { createHash } from "node:crypto";
import type { KeyPair } from "@whiskeysockets/baileys";
import { deriveKeyPair, sign, signalKey } from "./curve.ts";

/** The keys of one device; all of them follow from its seed. */
export interface DeviceKeys {
  readonly registrationId: number;
  readonly identity: KeyPair;
  readonly signedPreKey: { readonly id: number; readonly keyPair: KeyPair; readonly signature: () => Uint8Array };
  /** The one-time pre-key with this number. */
  readonly preKey: (id: number) => KeyPair;
}

/** The keys that belong to a seed and a device number. */
export function createDeviceKeys(seed: Uint8Array, deviceId: number): DeviceKeys {
  const identity = deriveKeyPair(seed, `device ${deviceId} identity`);
  const keyPair = deriveKeyPair(seed, `device ${deviceId} signed pre-key 1`);
  let signature: Uint8Array | undefined;
  const digest = createHash("sha256").update(seed).update(`device ${deviceId} registration`).digest();
  return {
    // Signal: 1 to 16380.
    registrationId: (digest.readUInt32BE(0) % 16_380) + 1,
    identity,
    // A signature costs ten milliseconds, so a device that nobody writes to never makes it.
    signedPreKey: { id: 1, keyPair, signature: () => (signature ??= sign(identity, signalKey(keyPair.public))) },
    preKey: (id) => deriveKeyPair(seed, `device ${deviceId} pre-key ${id}`),
  };
}
