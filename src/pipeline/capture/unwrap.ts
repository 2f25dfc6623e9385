import type { proto } from "@whiskeysockets/baileys";

/** A message out of its wrappers. */
export interface Unwrapped {
  readonly message: proto.IMessage;
  /** One of the wrappers said that it may be opened once. */
  readonly viewOnce: boolean;
}

// WhatsApp protocol: wrappers carry a whole message in `message`. Deeper nesting than this does not occur.
const maxDepth = 8;

const wrappers = [
  "ephemeralMessage",
  "viewOnceMessage",
  "viewOnceMessageV2",
  "viewOnceMessageV2Extension",
  "documentWithCaptionMessage",
  "editedMessage",
  "associatedChildMessage",
  "groupStatusMessage",
  "groupStatusMessageV2",
  "lottieStickerMessage",
  "groupMentionedMessage",
  "botInvokeMessage",
  "pollCreationMessageV4",
  "eventCoverImage",
] as const satisfies readonly (keyof proto.IMessage)[];

/** Takes the wrappers off a message, whatever client library knew of them. */
export function unwrap(message: proto.IMessage): Unwrapped {
  let inner = message;
  let viewOnce = false;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const wrapper = wrappers.find((name) => present(inner[name]?.message));
    const next = wrapper === undefined ? inner.deviceSentMessage?.message : inner[wrapper]?.message;
    if (!present(next)) break;
    viewOnce ||= wrapper?.startsWith("viewOnce") ?? false;
    // Secrets of polls and events stand beside the wrapper.
    inner =
      next.messageContextInfo === undefined ? { ...next, messageContextInfo: inner.messageContextInfo ?? null } : next;
  }
  return { message: inner, viewOnce };
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
