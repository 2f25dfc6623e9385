import { proto } from "@whiskeysockets/baileys";

/** A key of the app state: phone and companions encrypt names, mutes and the like with it. */
export interface AppStateKey {
  /** WhatsApp protocol: six bytes, a device id and an epoch. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly data: Uint8Array;
}

/** The peer message by which a phone hands its app-state keys to a companion. `timestampMs` is when they were made. */
export function keyShareMessage(keys: readonly AppStateKey[], timestampMs: number): proto.IMessage {
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: keys.map(({ id, data }) => ({
          keyId: { keyId: id },
          keyData: {
            keyData: data,
            fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0] },
            timestamp: timestampMs,
          },
        })),
      },
    },
  };
}
