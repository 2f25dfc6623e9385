import type { z } from "zod";
import type { ContentOf, ContentType } from "#domain/captured-content.ts";
import type { CapturedKind, CapturedOf } from "#domain/captured.ts";

/** Where the customer fetches one file of a message. */
export interface FileLink {
  /** Null when the download failed for good. */
  readonly url: string | null;
  readonly thumbnailUrl?: string;
  /** Why there is no file. */
  readonly error?: string;
}

/** All a render may use beside the captured event. */
export interface RenderContext {
  readonly instanceId: string;
  /** Link of one file of the message, by part. */
  readonly media: (part: string) => FileLink | undefined;
  /** Link of the new picture that a notification is about, when it is known. */
  readonly newPhoto?: string;
}

/** Names of the callbacks as customers see them in `type`. */
export const callbackTypes = [
  "ReceivedCallback",
  "DeliveryCallback",
  "MessageStatusCallback",
  "PresenceChatCallback",
  "ConnectedCallback",
  "DisconnectedCallback",
  "HistorySyncCallback",
  "PasskeyCallback",
  "NewChatsCallback",
] as const;

/** One of them. */
export type CallbackType = (typeof callbackTypes)[number];

/** One callback: what it is called, what its body looks like, and how it is made out of what was captured. */
export interface CallbackDefinition<K extends CapturedKind, S extends z.ZodType> {
  readonly kind: K;
  readonly type: CallbackType;
  /** For the documentation. */
  readonly summary: string;
  /** Schema of the body: documentation and test oracle. Bodies are not parsed at run time. */
  readonly payload: S;
  /** Pure and total: no I/O, no clock. */
  readonly render: (captured: CapturedOf<K>, context: RenderContext) => z.input<S>;
}

/** Declares a callback; the types tie the schema to the render. */
export function defineCallback<K extends CapturedKind, S extends z.ZodType>(
  definition: CallbackDefinition<K, S>,
): CallbackDefinition<K, S> {
  return definition;
}

/** One kind of message content: the key it adds to the message envelope. */
export interface ContentDefinition<T extends ContentType, S extends z.ZodObject> {
  readonly content: T;
  readonly summary: string;
  /** Schema of the added key. */
  readonly payload: S;
  readonly render: (content: ContentOf<T>, context: RenderContext) => z.input<S>;
}

/** Declares a kind of content. */
export function defineContent<T extends ContentType, S extends z.ZodObject>(
  definition: ContentDefinition<T, S>,
): ContentDefinition<T, S> {
  return definition;
}
