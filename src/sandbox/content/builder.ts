import type { proto } from "@whiskeysockets/baileys";
import type { Content } from "../content-body.ts";
import type { ContentContext } from "../content-codec.ts";

type KeysOf<T> = T extends unknown ? keyof T : never;
/** The keys of content bodies: `text`, `image`, … */
export type ContentKey = KeysOf<Content>;
/** The value that goes with one of those keys. */
export type ContentValue<K extends ContentKey> = Extract<Content, { readonly [key in K]: unknown }>[K];

/** A message as its builder made it, before options are applied. */
export interface Built {
  readonly message: proto.IMessage;
  /** Stanza attribute `edit`, for edits and revokes. */
  readonly edit?: string;
}

/** Turns the value of one content key into a message. */
export type ContentBuilder<K extends ContentKey> = (
  value: ContentValue<K>,
  context: ContentContext,
) => Built | Promise<Built>;
