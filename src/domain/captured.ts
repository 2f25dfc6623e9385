/** Where something happened, numbers already resolved as far as the table knew. */
export interface ChatRef {
  /** Canonical JID of the chat. */
  readonly chatId: string;
  /** Digits when the chat is a person with a known number. */
  readonly phone?: string;
  /** `123@lid` of a 1:1 chat, when known. */
  readonly chatLid?: string;
}

/** A person inside an event. */
export interface PersonRef {
  readonly jid: string;
  readonly phone?: string;
  readonly lid?: string;
  /** Device number, 0 is the phone. */
  readonly device?: number;
  readonly name?: string;
}

/** A decrypted message with content. */
export interface CapturedMessage {
  readonly kind: "message";
  readonly chat: ChatRef;
  readonly sender: PersonRef;
  readonly messageId: string;
  readonly fromMe: boolean;
  /** Sent through this API. */
  readonly fromApi: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly content: CapturedContent;
  readonly pushName?: string;
  readonly chatName?: string;
  readonly forwarded: boolean;
  readonly broadcast: boolean;
  readonly isEdit: boolean;
  readonly isStatusReply: boolean;
  readonly quotedMessageId?: string;
  /** Seconds; 0 when the message has context but no timer; undefined without context. */
  readonly expirationSeconds?: number;
  readonly editedMessageId?: string;
}

/** Content of a message; each later kind is one more member. */
export type CapturedContent = { readonly type: "text"; readonly text: string };

/** A receipt for one or several messages of ours, or our own reading on another device. */
export interface CapturedReceipt {
  readonly kind: "receipt";
  readonly chat: ChatRef;
  readonly participant?: PersonRef;
  readonly messageIds: readonly string[];
  readonly status: "SENT" | "RECEIVED" | "READ" | "READ_BY_ME" | "PLAYED";
  readonly phoneDevice?: number;
  readonly at: number;
}

/** A contact types, records, comes or goes. */
export interface CapturedPresence {
  readonly kind: "presence";
  readonly chat: ChatRef;
  readonly participant?: PersonRef;
  readonly status: "UNAVAILABLE" | "AVAILABLE" | "COMPOSING" | "PAUSED" | "RECORDING";
  /** Epoch milliseconds. */
  readonly lastSeenAt?: number;
  readonly at: number;
}

/** The session came up. */
export interface CapturedConnected {
  readonly kind: "connected";
  readonly phone: string;
  readonly at: number;
}

/** The session went down, for the reason kept in the connection state. */
export interface CapturedDisconnected {
  readonly kind: "disconnected";
  readonly reason: string;
  readonly error: string;
  readonly at: number;
}

/** The end of a queued message: taken by WhatsApp, or given up. */
export interface CapturedDelivery {
  readonly kind: "delivery";
  readonly chat: ChatRef;
  readonly zaapId: string;
  readonly messageId: string;
  readonly error?: string;
  readonly errorCode?: string;
  readonly at: number;
}

/**
 * Everything that capture, the sessions and the queue can hand to persist: plain JSON data, nothing of Baileys.
 * Each further kind is one more member, and the callback catalogue does not compile until it decides about it.
 */
export type Captured =
  | CapturedMessage
  | CapturedReceipt
  | CapturedPresence
  | CapturedConnected
  | CapturedDisconnected
  | CapturedDelivery;

/** Name of one kind of captured event. */
export type CapturedKind = Captured["kind"];
