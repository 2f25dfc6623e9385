/** One decrypted message at a contact, in arrival order. */
export interface InboxEntry {
  /** Position in this contact's inbox, from 1; never reused. */
  readonly seq: number;
  readonly messageId: string;
  /** Number of the account that sent it. */
  readonly from: string;
  /** Chat it arrived in: the sender's jid, a group's jid or `status@broadcast`. */
  readonly chat: string;
  /** Epoch milliseconds of the first arrival. */
  readonly at: number;
  readonly type: string;
  readonly text?: string;
  readonly media?: MessageMedia;
  /** The whole message as protobuf JSON. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What a vote, a response or an edit of an event says, opened with the secret of the question. */
  readonly opened?: OpenedAnswer;
  /** What the stanza said beside the ciphertext, e.g. `biz`; absent when that is nothing. */
  readonly nodes?: readonly ShownNode[];
  /** Arrivals of this message id at this contact (each device counts once per arrival on the phone). */
  readonly copies: number;
  /** The device that a provider runs for this contact has read it, too. */
  readonly hosted?: true;
}

/** A part of a stanza; binary content is left out. */
export interface ShownNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: readonly ShownNode[];
}

/** What was encrypted with the secret of the message it is about. */
export interface OpenedAnswer {
  /** Id of the poll or event. */
  readonly messageId: string;
  /** Texts of the options of a vote; none takes the vote back. */
  readonly options?: readonly string[];
  /** `GOING`, `NOT_GOING` or `MAYBE`. */
  readonly response?: string;
  readonly extraGuests?: number;
  /** The event as it is from now on, as protobuf JSON. */
  readonly edited?: Readonly<Record<string, unknown>>;
  /** Why it could not be opened. */
  readonly error?: string;
}

/** Where the bytes of a received media message are and what they claim to be. */
export interface MessageMedia {
  readonly kind: string;
  readonly mimetype?: string;
  readonly fileName?: string;
  readonly caption?: string;
  /** Bytes of the plain file. */
  readonly fileLength?: number;
  /** Base64 SHA-256 of the plain file. */
  readonly sha256?: string;
  readonly directPath?: string;
  /** Added by the HTTP routes: the file was downloaded, decrypted, and is what the message claims. */
  readonly verified?: boolean;
  /** Why it is not. */
  readonly error?: string;
}

/** What `describe` says of a message: the words the inbox shows. */
export interface MessageDescription {
  readonly type: string;
  readonly text?: string;
  readonly media?: MessageMedia;
  readonly content: Readonly<Record<string, unknown>>;
}
