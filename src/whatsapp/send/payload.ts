import type { AnyMessageContent, MiscMessageGenerationOptions } from "@whiskeysockets/baileys";
import type { OutgoingContent, OutgoingKind, SendOptions } from "#domain/content.ts";
import { textPayload } from "./text.ts";

/** What a kind of content needs to know to become a message. */
export interface PayloadInput<Kind extends OutgoingKind> {
  /** JID it is written to, already resolved. */
  readonly jid: string;
  readonly content: Extract<OutgoingContent, { kind: Kind }>;
  readonly options: SendOptions;
}

/** A message in Baileys' words. */
export interface Payload {
  readonly content: AnyMessageContent;
  readonly options?: MiscMessageGenerationOptions;
}

type Build<Kind extends OutgoingKind> = (input: PayloadInput<Kind>) => Payload | Promise<Payload>;

/** How each kind of content becomes a message. */
const payloads: { readonly [Kind in OutgoingKind]: Build<Kind> } = { text: textPayload };

/** The message for this content. Throws a `WazapiError` when it can never be built. */
export async function payloadOf<Kind extends OutgoingKind>(input: PayloadInput<Kind>): Promise<Payload> {
  const build: Build<Kind> = payloads[input.content.kind];
  return await build(input);
}
