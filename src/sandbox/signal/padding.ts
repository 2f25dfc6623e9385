import { encodeWAMessage, proto, unpadRandomMax16 } from "@whiskeysockets/baileys";

/** A message as it is encrypted: encoded, with one to sixteen bytes of padding. */
export function pad(message: proto.IMessage): Buffer {
  return Buffer.from(encodeWAMessage(message));
}

/** The message in decrypted bytes. Throws for wrong padding or for what is no message. */
export function unpad(plain: Uint8Array): proto.IMessage {
  return proto.Message.decode(unpadRandomMax16(plain));
}
