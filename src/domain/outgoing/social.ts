/** A question with choices. */
export interface PollContent {
  readonly kind: "poll";
  readonly question: string;
  readonly options: readonly string[];
  /** 0: any number. */
  readonly selectable: number;
  /** What votes are encrypted with, 32 bytes as base64. Made once: a second try of the send must not have another. */
  readonly secret: string;
}

/** Our vote; no options take it back. The poll must be stored here, for its secret. */
export interface PollVoteContent {
  readonly kind: "pollVote";
  readonly messageId: string;
  readonly options: readonly string[];
}

/** What an appointment says. Times are epoch milliseconds; WhatsApp keeps whole seconds. */
export interface EventFacts {
  readonly name: string;
  readonly description?: string;
  readonly startAt: number;
  readonly endAt?: number;
  readonly location?: { readonly name: string; readonly latitude?: number; readonly longitude?: number };
  readonly callLink?: "audio" | "video";
  readonly isCanceled: boolean;
}

/** An appointment. */
export interface EventContent extends EventFacts {
  readonly kind: "event";
  /** What answers and edits are encrypted with, 32 bytes as base64. Made once, as with a poll. */
  readonly secret: string;
}

/**
 * Changes an appointment of ours, which must be stored here. Whatever is left out is gone afterwards, except the two
 * things that no appointment can be without.
 */
export interface EventEditContent extends Omit<EventFacts, "name" | "startAt"> {
  readonly kind: "eventEdit";
  readonly messageId: string;
  readonly name?: string;
  readonly startAt?: number;
}

/** Our answer to an appointment, which must be stored here. */
export interface EventResponseContent {
  readonly kind: "eventResponse";
  readonly messageId: string;
  readonly response: "going" | "notGoing" | "maybe";
  readonly extraGuests?: number;
}

/** An emoji on a message; empty takes it back. */
export interface ReactionContent {
  readonly kind: "reaction";
  readonly messageId: string;
  /** JID of its author, for a message that is not stored here. */
  readonly sender?: string;
  readonly emoji: string;
}

/** A stored message, sent on. */
export interface ForwardContent {
  readonly kind: "forward";
  readonly messageId: string;
  /** JID of the chat it is taken from. */
  readonly from?: string;
  /** Should it be a poll or an event: what the new one is answered with, as with those. */
  readonly secret: string;
}

/** A message on top of its chat. */
export interface PinContent {
  readonly kind: "pin";
  readonly messageId: string;
  /** JID of its author, for a message that is not stored here. */
  readonly sender?: string;
  readonly isPinned: boolean;
  readonly forSeconds: 86_400 | 604_800 | 2_592_000;
}

/** Everything about another message, and what people answer together. */
export type SocialContent =
  | PollContent
  | PollVoteContent
  | EventContent
  | EventEditContent
  | EventResponseContent
  | ReactionContent
  | ForwardContent
  | PinContent;
