import { proto } from "@whiskeysockets/baileys";
import { fieldWith as field } from "#lib/protobuf-fields.ts";

/** Where a message keeps what stands on the wire and its protobuf object cannot hold. */
const onWire: unique symbol = Symbol("bytes on the wire");

type WithBytes = proto.IMessage & { readonly [onWire]?: Uint8Array };

/** A message that is encrypted as these very bytes; `message` is as much of them as the protobuf knows. */
export function asBytes(message: proto.IMessage, bytes: Uint8Array): proto.IMessage {
  const { senderKeyDistributionMessage: _key, ...shown } = message;
  return { ...shown, [onWire]: bytes } as WithBytes;
}

/** Whether a message is made of bytes, so that nothing can be put into it. */
export function isBytes(message: proto.IMessage): boolean {
  return (message as WithBytes)[onWire] !== undefined;
}

/** Reads encoded bytes; what this protobuf does not know is kept, and comes out again as it was. */
export function decodeMessage(bytes: Uint8Array): proto.IMessage {
  const message = proto.Message.decode(bytes);
  return proto.Message.encode(message).finish().length === bytes.length ? message : asBytes(message, bytes);
}

/** The bytes of a message, as they are encrypted. */
export function encodeMessage(message: proto.IMessage): Uint8Array {
  const bytes = (message as WithBytes)[onWire];
  const { senderKeyDistributionMessage: key, deviceSentMessage: sent } = message;
  if (bytes !== undefined) {
    // A key may be handed over with it; nothing else is put into a message that is made of bytes.
    return key ? Buffer.concat([proto.Message.encode({ senderKeyDistributionMessage: key }).finish(), bytes]) : bytes;
  }
  const inner: WithBytes | null | undefined = sent?.message;
  if (!sent || !inner?.[onWire]) return proto.Message.encode(message).finish();
  const { deviceSentMessage: _sent, ...beside } = message;
  const { message: _message, ...wrapper } = sent;
  const head = proto.Message.DeviceSentMessage.encode(wrapper).finish();
  return Buffer.concat([
    proto.Message.encode(beside).finish(),
    field(deviceSent.wrapper, Buffer.concat([head, field(deviceSent.message, inner[onWire])])),
  ]);
}

/** The same in a whole `WebMessageInfo`, as phones hand messages to their devices. */
export function encodeInfo({ message, ...info }: proto.IWebMessageInfo): Uint8Array {
  const bytes = message ? encodeMessage(message) : undefined;
  const head = proto.WebMessageInfo.encode(info).finish();
  return bytes === undefined ? head : Buffer.concat([head, field(infoMessage, bytes)]);
}

/** A history whose messages are encoded as they stand on the wire. */
export function encodeHistory({ conversations, ...history }: proto.IHistorySync): Uint8Array {
  const chats = (conversations ?? []).map(({ messages, ...chat }) => {
    const infos = (messages ?? []).map(({ message, ...place }) => {
      const info = message ? [field(inHistory.info, encodeInfo(message))] : [];
      return field(inHistory.message, Buffer.concat([...info, proto.HistorySyncMsg.encode(place).finish()]));
    });
    const head = proto.Conversation.encode({ ...chat, messages: [] }).finish();
    return field(inHistory.chat, Buffer.concat([head, ...infos]));
  });
  return Buffer.concat([proto.HistorySync.encode({ ...history, conversations: [] }).finish(), ...chats]);
}

// WhatsApp protocol: numbers of a chat in `HistorySync`, of its messages, and of the `WebMessageInfo` in each.
const inHistory = { chat: 2, message: 2, info: 1 };
// WhatsApp protocol: numbers of `Message.deviceSentMessage`, of the message in it, and of that in `WebMessageInfo`.
const deviceSent = { wrapper: 31, message: 2 };
const infoMessage = 2;
