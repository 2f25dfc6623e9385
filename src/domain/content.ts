import type { CardContent } from "./outgoing/cards.ts";
import type { DocumentCaptionContent, FileContent } from "./outgoing/files.ts";
import type { InteractiveContent } from "./outgoing/interactive.ts";
import type { SocialContent } from "./outgoing/social.ts";

/** What is common to everything that can be sent to a chat. */
export interface SendOptions {
  /** Message id to quote. */
  readonly replyTo?: string;
  /** `replyTo` is a status of the person written to. */
  readonly repliesToStatus?: boolean;
  /** Person JIDs or digits mentioned in the text. */
  readonly mentioned?: readonly string[];
  /** Mention everybody in the group without listing them. */
  readonly mentionAll?: boolean;
  /** Groups mentioned, as `{ phone, subject }`. */
  readonly groupMentioned?: readonly { readonly phone: string; readonly subject: string }[];
  /** Answer a group message in a private chat with its author. */
  readonly privateAnswer?: boolean;
  /** The message disappears this many seconds after it was sent; 0 or unset: it stays. */
  readonly disappearsAfterSeconds?: number;
}

/** A text, or the edit of one. */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  /** Set: this replaces the text of that message of ours. */
  readonly editMessageId?: string;
  /** How it looks as a status. */
  readonly style?: StatusStyle;
}

/** How a text looks as a status. */
export interface StatusStyle {
  readonly backgroundArgb?: number;
  /** 0 to 5. */
  readonly font?: number;
}

/**
 * Everything that can be sent. The families of kinds are in `outgoing/`; every table over `OutgoingKind` fails to
 * compile until somebody decides about a new one.
 */
export type OutgoingContent =
  | TextContent
  | FileContent
  | DocumentCaptionContent
  | CardContent
  | SocialContent
  | InteractiveContent;

/** Name of one kind of content. */
export type OutgoingKind = OutgoingContent["kind"];

/** One message to be sent, as the queue keeps it (JSON). Files are referenced by path, never embedded. */
export interface Outgoing {
  /** JID of the chat. */
  readonly to: string;
  readonly content: OutgoingContent;
  readonly options: SendOptions;
}
