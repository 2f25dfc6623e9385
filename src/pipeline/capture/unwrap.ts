import { proto } from "@whiskeysockets/baileys";

/** A message out of its wrappers. */
export interface Unwrapped {
  readonly message: proto.IMessage;
  /** One of the wrappers said that it may be opened once. */
  readonly viewOnce: boolean;
}

// WhatsApp protocol: wrappers carry a whole message in `message`. Deeper nesting than this does not occur.
const maxDepth = 8;

/** Takes the wrappers off a message, whatever client library knew of them. */
export function unwrap(message: proto.IMessage): Unwrapped {
  let inner = message;
  let viewOnce = false;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const wrapper = wrapperOf(inner);
    const next = wrapper === undefined ? inner.deviceSentMessage?.message : inside(inner, wrapper);
    if (!present(next) || isNotice(next)) break;
    viewOnce ||= wrapper?.startsWith("viewOnce") ?? false;
    // Secrets of polls and events stand beside the wrapper.
    inner = { ...next, messageContextInfo: both(inner.messageContextInfo, next.messageContextInfo) };
  }
  return { message: inner, viewOnce };
}

/**
 * WhatsApp protocol: a wrapper is a field whose only part is a whole message. New ones appear every few months, so they
 * are known by that shape and not by name. Wrappers stand alone, beside secrets and keys.
 */
function wrapperOf(message: proto.IMessage): keyof proto.IMessage | undefined {
  const name = contentName(message);
  return name !== undefined && name !== "deviceSentMessage" && present(inside(message, name)) ? name : undefined;
}

function inside(message: proto.IMessage, name: keyof proto.IMessage): proto.IMessage | undefined {
  const content: unknown = message[name];
  if (typeof content !== "object" || content === null || !("message" in content)) return undefined;
  const others = Object.entries(content).filter(([key, value]) => key !== "message" && present(value));
  // A field of this name is a message wherever the protocol has one.
  return others.length === 0 ? ((content.message as proto.IMessage | null) ?? undefined) : undefined;
}

/** Being mentioned in a status, or a limit on sharing: the wrapper's name says what it is, the inside only repeats it. */
function isNotice(message: proto.IMessage): boolean {
  const type = message.protocolMessage?.type;
  return present(type) && notices.has(type);
}

const { Type } = proto.Message.ProtocolMessage;
const notices: ReadonlySet<proto.Message.ProtocolMessage.Type> = new Set([
  Type.STATUS_MENTION_MESSAGE,
  Type.LIMIT_SHARING,
]);

function both(
  outer: proto.IMessageContextInfo | null | undefined,
  inner: proto.IMessageContextInfo | null | undefined,
): proto.IMessageContextInfo | null {
  return outer && inner ? { ...outer, ...inner } : (inner ?? outer ?? null);
}

/** Name of the part of a message that is its content; undefined when there is only key material. */
export function contentName(message: proto.IMessage): keyof proto.IMessage | undefined {
  const names = Object.keys(message) as (keyof proto.IMessage)[]; // Keys of a protobuf message are its fields.
  return names.find(
    (name) =>
      present(message[name]) &&
      name !== "senderKeyDistributionMessage" &&
      name !== "fastRatchetKeySenderKeyDistributionMessage" &&
      name !== "messageContextInfo" &&
      typeof message[name] !== "function",
  );
}

function present<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
