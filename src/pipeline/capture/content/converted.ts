import type { proto } from "@whiskeysockets/baileys";
import type { CapturedContent, MessageRef } from "#domain/captured-content.ts";
import type { CapturedMedia, PersonRef } from "#domain/captured.ts";

/** What one kind of message was turned into. */
export interface Converted {
  readonly content: CapturedContent;
  readonly media?: readonly CapturedMedia[];
  /** What it is, where the content does not say that. */
  readonly contentType?: string;
  /** The message it is below, where it has no context to say that. */
  readonly quotedMessageId?: string;
}

/** What the converters may know beside the message itself. */
export interface ContentContext {
  readonly messageId: string;
  readonly fromMe: boolean;
  /** The chat as customers see it. */
  readonly phone: string;
  readonly isGroup: boolean;
  readonly ownPhone: string;
  readonly sender: PersonRef;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly viewOnce: boolean;
  readonly person: (jid: string) => Promise<PersonRef>;
  /** A message another one is about, as we see it. */
  readonly target: (key: proto.IMessageKey | null | undefined) => Promise<MessageRef>;
  /** The stored message another one is about: polls and events hold the secret of their answers. */
  readonly stored: (messageId: string) => Promise<proto.IWebMessageInfo | undefined>;
  /** Files of a payment that only the envelope carries. */
  readonly payment: proto.IPaymentInfo | null | undefined;
}

/** A text field; empty when it is missing. */
export function textOr(value: string | null | undefined): string {
  return value ?? "";
}

/** Text that every database takes: senders can put NUL into names and ids, and some databases refuse the row then. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\uFFFD");
}

/** `{ [key]: value }`, or nothing for an empty value. */
export function given<K extends string>(key: K, value: string | null | undefined): Partial<Record<K, string>> {
  if (value === null || value === undefined || value === "") return {};
  const entry: Partial<Record<string, string>> = { [key]: storable(value) };
  return entry;
}
