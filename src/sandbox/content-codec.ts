import type { proto } from "@whiskeysockets/baileys";
import type { ContentBody } from "./content-body.ts";
import type { MessageDescription } from "./shown.ts";

/** Where encrypted media bytes live. Closed by whoever started it. */
export interface MediaServer extends AsyncDisposable {
  /** Host name that `media_conn` names, as clients put it into URLs. */
  readonly host: string;
  /** Plain HTTP base, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stores bytes as they are (already encrypted) and answers their path on the host; a stream is never held whole. */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ readonly directPath: string; readonly url: string }>;
  get(directPath: string): Promise<Uint8Array | undefined>;
  /** Forgets every file. */
  clear(): Promise<void>;
}

/** A message already seen by whoever sends now, for replies, reactions, edits, revokes and votes. */
export interface KnownMessage {
  /** Key as the sender of the new message sees it (`fromMe`: the sender wrote the old one). */
  readonly key: { remoteJid: string; fromMe: boolean; id: string; participant?: string };
  /** Who wrote it, in the addressing of the chat, without device. */
  readonly authorJid: string;
  readonly message: proto.IMessage;
}

/** What turning a body into a message may need. */
export interface ContentContext {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Jid of the sender without device, in the addressing of the chat (pn or lid). */
  readonly senderJid: string;
  /** Jid of the chat as the sender sees it: the peer, the group or `status@broadcast`. */
  readonly chatJid: string;
  readonly media: MediaServer;
  /** Edits are sealed, and every content carries the secret for that. */
  readonly sealsEdits: boolean;
  /** The message with this id that the sender sent or received, if it is still known. */
  readonly find: (messageId: string) => KnownMessage | undefined;
  /** Full jid of a number (or a jid, unchanged) in the addressing of the chat; for mentions. */
  readonly jidOf: (number: string) => string;
}

/** A built message and the stanza attributes that go with it. */
export interface BuiltMessage {
  readonly message: proto.IMessage;
  /** Attribute `type` of the stanza: `text`, `media`, `reaction`, `poll`, `event`. */
  readonly stanzaType: string;
  /** Attribute `edit` of the stanza (`1` edit, `7` revoke by sender, `8` revoke by admin). */
  readonly edit?: string;
}

/** Conversion between control bodies and protobuf messages. */
export interface ContentCodec {
  /** Throws a `SandboxError` (`invalid`, `not_found`, `not_supported`) for what it cannot build. */
  toMessage(body: ContentBody, context: ContentContext): Promise<BuiltMessage>;
  describe(message: proto.IMessage): MessageDescription;
}
