import type { CapturedContent } from "./captured-content.ts";
import type { NewChatsRestriction } from "./chat-limits.ts";
import type { Refusal } from "./refusal.ts";

/** Where something happened, numbers already resolved as far as the table knew. */
export interface ChatRef {
  /** Canonical JID of the chat: by number when it is known, else by LID. */
  readonly chatId: string;
  /** JID the chat went by on the wire, when that is another one; it stays the same when the stanza comes again. */
  readonly address?: string;
  /** Digits when the chat is a person with a known number. */
  readonly phone?: string;
  /** `123@lid` of a 1:1 chat, when known. */
  readonly chatLid?: string;
}

/** A person inside an event. */
export interface PersonRef {
  /** JID as it came, without device. */
  readonly jid: string;
  /** Digits, when the number is known. */
  readonly phone?: string;
  /** `123@lid`, when known. */
  readonly lid?: string;
  /** Device number, 0 is the phone. */
  readonly device?: number;
  readonly name?: string;
  /** Name that somebody goes by who shows no number. */
  readonly username?: string;
}

/** One file of a message: what a payload needs to link it. Keys and paths stay in the stored message. */
export interface CapturedMedia {
  /** Names the file inside its message: `main`, `thumbnail`, `header`, `card-0`, `status`… */
  readonly part: string;
  readonly kind: "image" | "video" | "audio" | "document" | "sticker" | "ptv" | "thumbnail";
  readonly mimeType: string;
  readonly fileName?: string;
  /** Size the sender declared. */
  readonly bytes?: number;
}

/** What happened in a chat, as its place and its actors are shown to customers. */
export interface Scene {
  readonly chat: ChatRef;
  readonly sender: PersonRef;
  readonly fromMe: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Digits of the own account. */
  readonly connectedPhone?: string;
  readonly pushName?: string;
  readonly chatName?: string;
  /** Picture of the chat, when known. */
  readonly chatPhoto?: string;
  readonly senderPhoto?: string;
  readonly broadcast: boolean;
}

/** The advertisement a conversation began with. */
export interface ExternalAdReply {
  readonly title: string;
  readonly body: string;
  /** 0 none, 1 image, 2 video. */
  readonly mediaType: number;
  readonly thumbnailUrl: string;
  readonly sourceType: string;
  readonly sourceId: string;
  readonly ctwaClid?: string;
  readonly sourceUrl: string;
  readonly containsAutoReply: boolean;
  readonly renderLargerThumbnail: boolean;
  readonly showAdAttribution: boolean;
  readonly ref?: string;
  readonly sourceApp?: string;
  readonly mediaUrl?: string;
  readonly originalImageUrl?: string;
  readonly greetingMessage?: string;
  readonly ctaPayload?: string;
}

/** What a message that came by a click on an advertisement says about the click; bytes in base64. */
export interface AdClick {
  readonly payload?: string;
  readonly signals?: string;
  readonly source?: string;
  readonly data?: string;
  readonly entryPoint?: string;
  readonly entryApp?: string;
}

/** Another message that this one is a part or a twin of. */
export interface MessageParent {
  readonly messageId: string;
  /** `album`, `hd` (the same picture or film in better quality), or WhatsApp's word for it. */
  readonly relation: string;
}

/** The status post that a message answers. */
interface QuotedStatus {
  readonly caption: string;
  readonly mimeType: string;
  readonly viewOnce: boolean;
  readonly width: number;
  readonly height: number;
}

/** A decrypted message with content. */
export interface CapturedMessage extends Scene {
  readonly kind: "message";
  readonly messageId: string;
  /** Sent through this API. */
  readonly fromApi: boolean;
  readonly content: CapturedContent;
  readonly media?: readonly CapturedMedia[];
  readonly forwarded: boolean;
  readonly isEdit: boolean;
  readonly isStatusReply: boolean;
  readonly quotedMessageId?: string;
  /** Seconds; 0 when the message has context but no timer; undefined without context. */
  readonly expirationSeconds?: number;
  readonly editedMessageId?: string;
  /** People mentioned, as customers see them. */
  readonly mentioned?: readonly string[];
  readonly externalAdReply?: ExternalAdReply;
  /** What it is, where its content does not say that: `album`, `callLog`, `comment`… */
  readonly contentType?: string;
  readonly adClick?: AdClick;
  readonly parent?: MessageParent;
  /** It was sealed, and published unread before: the message with its key came later. */
  readonly openedLate?: true;
  readonly quotedStatus?: QuotedStatus;
  /** Digits of the recipients of a post to a broadcast list. */
  readonly broadcastRecipients?: readonly string[];
}

/** A message that cannot be read yet, or only on the phone. The content may follow under the same message id. */
interface CapturedWaiting extends Scene {
  readonly kind: "waiting";
  readonly messageId: string;
  /** It can be opened once, and only on the phone. */
  readonly viewOnce: boolean;
  /** It was read, and the database refused it for good, with this code. Nothing will follow. */
  readonly refused?: string;
}

/** One chat that got or lost a label. */
interface LabelChange {
  readonly phone: string;
  readonly label: string;
  readonly assigned: boolean;
}

/** Something happened to a group, channel, call, profile or message. */
export interface CapturedNotification extends Scene {
  readonly kind: "notification";
  /** WhatsApp's word for it (`GROUP_PARTICIPANT_ADD`…). */
  readonly name: string;
  /** Tells this happening from all others of its name in its chat; the same again when it is delivered again. */
  readonly key: string;
  readonly messageId?: string;
  /** Acting or affected member, where customers get one. */
  readonly participant?: PersonRef;
  /** Phones, names or values as customers see them; undefined where the notification has none. */
  readonly parameters?: readonly string[] | readonly LabelChange[];
  readonly status?: "MESSAGE_RECEIVED";
  readonly callId?: string;
  readonly code?: string;
  readonly requestMethod?: string;
  readonly linkMode?: string;
  readonly profileName?: string;
  /** A new picture of the own profile; its link is looked up when the webhook is made. */
  readonly hasNewPhoto?: true;
  /** New about text of a profile. */
  readonly about?: string;
}

/** A receipt for one or several messages of ours, or our own reading on another device. */
export interface CapturedReceipt {
  readonly kind: "receipt";
  readonly chat: ChatRef;
  /** Who received or read it in a group or the status feed. */
  readonly participant?: PersonRef;
  readonly messageIds: readonly string[];
  readonly status: "SENT" | "RECEIVED" | "READ" | "READ_BY_ME" | "PLAYED" | "PLAYED_BY_ME";
  /** Device that sent the receipt, 0 is the phone. */
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
  readonly isBusiness?: boolean;
}

/** The session went down, for the reason kept in the connection state. */
export interface CapturedDisconnected {
  readonly kind: "disconnected";
  readonly reason: string;
  readonly error: string;
  /** What WhatsApp refused the login with, when it did. */
  readonly refusal?: Refusal;
  readonly at: number;
}

/** WhatsApp asks for the passkey of the account while a device is being linked. */
export interface CapturedPasskey {
  readonly kind: "passkey";
  /** Names the ceremony: one request, one event. */
  readonly ceremony: string;
  /** Epoch milliseconds until which it can be given. */
  readonly expiresAt: number;
  readonly at: number;
}

/** What keeps the account from new chats is another than was told before. */
export interface CapturedNewChats {
  readonly kind: "newChats";
  /** Undefined: nothing does any more. */
  readonly restriction?: NewChatsRestriction;
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

/** One chunk of the history the phone shares after pairing: the counters only, the rows are in the read model. */
export interface CapturedHistory {
  readonly kind: "history";
  /** Lower case (`initial_bootstrap`, `recent`, `full`…). */
  readonly syncType: string;
  readonly chunkOrder: number;
  /** Percent. */
  readonly progress: number;
  readonly conversationCount: number;
  readonly statusMessageCount: number;
  readonly pushnameCount: number;
  readonly at: number;
}

/**
 * Everything that capture, the sessions and the queue can hand to persist: plain JSON data, nothing of Baileys.
 * Each further kind is one more member, and the callback catalogue does not compile until it decides about it.
 */
export type Captured =
  | CapturedMessage
  | CapturedWaiting
  | CapturedNotification
  | CapturedReceipt
  | CapturedPresence
  | CapturedConnected
  | CapturedDisconnected
  | CapturedPasskey
  | CapturedNewChats
  | CapturedDelivery
  | CapturedHistory;

/** Name of one kind of captured event. */
export type CapturedKind = Captured["kind"];

/** The captured event of one kind. */
export type CapturedOf<K extends CapturedKind> = Extract<Captured, { kind: K }>;
