/** A question with choices. */
export interface PollContent {
  readonly kind: "poll";
  readonly question: string;
  readonly options: readonly string[];
  /** 0: any number. */
  readonly selectable: number;
}

/** Our vote; no options take it back. */
export interface PollVoteContent {
  readonly kind: "pollVote";
  readonly messageId: string;
  readonly options: readonly string[];
}

/** An appointment. */
export interface EventContent {
  readonly kind: "event";
  readonly name: string;
  readonly description?: string;
  /** Epoch milliseconds. */
  readonly startAt: number;
  readonly endAt?: number;
  readonly location?: { readonly name: string; readonly latitude?: number; readonly longitude?: number };
  readonly callLink?: "audio" | "video";
  readonly isCanceled: boolean;
}

/** Changes an appointment of ours. */
export interface EventEditContent extends Omit<EventContent, "kind"> {
  readonly kind: "eventEdit";
  readonly messageId: string;
}

/** Our answer to an appointment. */
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
  readonly emoji: string;
}

/** A stored message, sent on. */
export interface ForwardContent {
  readonly kind: "forward";
  readonly messageId: string;
  /** JID of the chat it is taken from. */
  readonly from?: string;
}

/** A message on top of its chat. */
export interface PinContent {
  readonly kind: "pin";
  readonly messageId: string;
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
