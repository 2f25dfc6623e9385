import type { HookSlot } from "#domain/instance.ts";
import type { MessageStatus } from "#domain/message-status.ts";
import type { NewMedia } from "./media.ts";

/** A happening about to become an event row. */
export interface NewEvent {
  /** Names the happening itself, so that a redelivered stanza or a replayed journal row makes no second event. */
  readonly dedupeKey: string;
  /** Kind of the captured event (`message`, `receipt`, `presence`…). */
  readonly kind: string;
  /** Callback type the customer sees (`ReceivedCallback`…). */
  readonly type: string;
  /** JID of the chat it belongs to; undefined for events of the whole instance. */
  readonly chatId?: string;
  /** WhatsApp message id it is about, when there is one. */
  readonly messageId?: string;
  /** Epoch milliseconds at which it happened. */
  readonly occurredAt: number;
  /** The captured event as JSON: all a pure render needs. */
  readonly captured: string;
  /** Slots that want it; the store turns them into deliveries for the URLs configured at that moment. */
  readonly slots: readonly HookSlot[];
  /** Its files, to be fetched; their rows are added with that of a new event. */
  readonly media?: readonly NewMedia[];
}

/** A stored event. */
export interface EventRow extends Omit<NewEvent, "slots" | "dedupeKey" | "media"> {
  /** Derived from the dedupe key; the `webhook-id` of every attempt and replay. */
  readonly eventId: string;
  readonly instanceId: string;
  /** 1, 2, 3… without gaps inside one instance. */
  readonly sequence: number;
  /** Grows over all instances in commit order; the cursor of event streams. */
  readonly position: number;
  /** Epoch milliseconds of the persist transaction. */
  readonly createdAt: number;
}

/** A message kept for quoting, forwarding, editing, votes and re-sends. */
export interface StoredMessage {
  readonly instanceId: string;
  readonly chatId: string;
  readonly messageId: string;
  readonly fromMe: boolean;
  /** JID of the author; the own JID for own messages. */
  readonly senderId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Kind of content (`text`, `image`…). */
  readonly type: string;
  /** Encoded `WebMessageInfo`. */
  readonly proto: Uint8Array;
}

/** One step of a message, from a receipt, an ack or the queue. */
export interface StatusStep {
  readonly messageId: string;
  readonly chatId: string;
  readonly status: MessageStatus;
  /** JID of who received or read it; undefined for the server and for ourselves. */
  readonly participant?: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly detail?: string;
}

/** A number and its LID, both user parts only. */
export interface LidPair {
  readonly lid: string;
  readonly phone: string;
}

/** What is known of a person; undefined fields leave the stored value. */
export interface ContactPatch {
  /** JID. */
  readonly contactId: string;
  readonly name?: string;
  readonly pushName?: string;
  readonly verifiedName?: string;
  /** Empty once it is known that there is none for us. */
  readonly photoUrl?: string;
}

/** What is known of a chat; undefined fields leave the stored value. */
export interface ChatPatch {
  readonly chatId: string;
  readonly name?: string;
  /** Epoch milliseconds of the newest message. */
  readonly lastMessageAt?: number;
  readonly unread?: number;
  /** Empty once it is known that there is none for us. */
  readonly photoUrl?: string;
  /** Everything else the read model keeps of a chat or group, merged key by key. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The read-model rows that go into the same transaction as the events. */
export interface Records {
  readonly messages?: readonly StoredMessage[];
  readonly statuses?: readonly StatusStep[];
  readonly lidPairs?: readonly LidPair[];
  readonly contacts?: readonly ContactPatch[];
  readonly chats?: readonly ChatPatch[];
}
