import { randomInt } from "node:crypto";
import { proto, unpadRandomMax16 } from "@whiskeysockets/baileys";
import { encodeMessage } from "../content/wire-bytes.ts";

/** A message as it is encrypted: encoded, with one to sixteen bytes of padding. */
export function pad(message: proto.IMessage): Buffer {
  const length = randomInt(1, 17);
  return Buffer.concat([encodeMessage(message), Buffer.alloc(length, length)]);
}

/** The message in decrypted bytes. Throws for wrong padding or for what is no message. */
export function unpad(plain: Uint8Array): proto.IMessage {
  return proto.Message.decode(unpadRandomMax16(plain));
}
