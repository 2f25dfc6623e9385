import type { AnyMessageContent, BinaryNode, MiscMessageGenerationOptions, proto } from "@whiskeysockets/baileys";
import type { OutgoingContent, SendOptions, TextContent } from "#domain/content.ts";
import type { FileContent, FileSource, OutgoingFile } from "#domain/outgoing/files.ts";
import type { Clock } from "#lib/clock.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "../live-socket.ts";
import { cardPayloads } from "./cards.ts";
import { filePayloads } from "./files.ts";
import { interactivePayloads } from "./interactive.ts";
import { socialPayloads } from "./social.ts";
import { textPayload } from "./text.ts";

/** The files of messages, on the disk of this process. */
export interface OutgoingFiles {
  /**
   * The path of a file that may be read until the message has left, and what is known of it; one that is still remote
   * is fetched first. Throws `media_rejected`, `forbidden_address`, `payload_too_large`, `unavailable`.
   */
  readonly open: (
    input: { readonly instanceId: string; readonly kind: FileContent["kind"]; readonly file: FileSource },
    signal: AbortSignal,
  ) => Promise<{ readonly path: string; readonly file: OutgoingFile }>;
}

/** What building messages works with. */
export interface PayloadDeps {
  readonly messages: MessageStore;
  readonly files: OutgoingFiles;
  readonly clock: Clock;
}

/** What a kind of content needs to know to become a message. */
export interface PayloadInput<Content> {
  readonly instanceId: string;
  readonly socket: LiveSocket;
  /** JID it is written to, already resolved. */
  readonly jid: string;
  readonly content: Content;
  readonly options: SendOptions;
}

/** A message in Baileys' words, or, for what Baileys' `sendMessage` lacks, as it goes over the wire. */
export type Payload =
  | { readonly content: AnyMessageContent; readonly options?: MiscMessageGenerationOptions }
  | {
      readonly message: proto.IMessage;
      /** Beside the encrypted parts, e.g. `biz` or `meta`. */
      readonly nodes?: readonly BinaryNode[];
      /** Attributes of the stanza, e.g. `edit`. */
      readonly attributes?: Readonly<Record<string, string>>;
    };

/** Makes the message of one kind. Throws a `WazapiError` when it can never be built. */
export type BuildPayload<Content> = (
  deps: PayloadDeps,
  input: PayloadInput<Content>,
  signal: AbortSignal,
) => Payload | Promise<Payload>;

/** How the kinds of a family become messages. */
export type PayloadTable<Content extends { readonly kind: string }> = {
  readonly [Kind in Content["kind"]]: BuildPayload<Extract<Content, { readonly kind: Kind }>>;
};

const textPayloads: PayloadTable<TextContent> = { text: (_deps, input) => textPayload(input) };

/** How each kind of content becomes a message. */
const payloads: PayloadTable<OutgoingContent> = {
  ...textPayloads,
  ...filePayloads,
  ...cardPayloads,
  ...socialPayloads,
  ...interactivePayloads,
};

/** The message for this content. Throws a `WazapiError` when it can never be built. */
export async function payloadOf(
  deps: PayloadDeps,
  input: PayloadInput<OutgoingContent>,
  signal: AbortSignal,
): Promise<Payload> {
  // The table pairs each kind with what builds its own content; for a kind known at run time only we can know that.
  const build = payloads[input.content.kind] as BuildPayload<OutgoingContent>;
  return await build(deps, input, signal);
}
