import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "./companion.ts";
import type { ContentBody } from "./content-body.ts";
import type { Sent } from "./control.ts";
import type { Addressing } from "./jid.ts";
import type { Person } from "./person.ts";

/** A message stanza of a client. */
export interface ClientMessage {
  readonly from: Companion;
  readonly id: string;
  /** Jid as the client wrote it: of a person, a device of one, a group, … */
  readonly to: string;
  readonly node: BinaryNode;
  /** Whoever has no key for it was not on the sender's list, and gets nothing. */
  readonly leavesOut?: boolean;
}

/** A receipt of a client, other than a request to send again. */
export interface ClientReceipt {
  readonly from: Companion;
  readonly to: string;
  /** All messages it is about. */
  readonly ids: readonly string[];
  readonly type: string | undefined;
  readonly node: BinaryNode;
}

/** A client could not decrypt a message and asks its sender for it. */
export interface RetryRequest {
  readonly from: Companion;
  readonly to: string;
  readonly id: string;
  readonly node: BinaryNode;
}

/** Something a simulated person (or an account's owner, on the phone) writes. */
export interface Post {
  readonly sender: Person;
  /** Which of the sender's devices writes; without it the phone. */
  readonly device?: number;
  /** Jid of the chat. */
  readonly to: string;
  readonly content: ContentBody;
  readonly count: number | undefined;
  readonly messageId: string | undefined;
  readonly addressing: Addressing | undefined;
  readonly corrupt: boolean;
  /** The message comes without its body. */
  readonly placeholder?: boolean;
}

/** Chats of one kind: with people, with groups, with everybody's status, channels. */
export interface ChatKind {
  accepts(jid: string): boolean;
  /** Error code to refuse the message with, before anybody gets it. */
  refuse?(message: ClientMessage): number | undefined;
  /** Brings a message, which the sender already has an ack for, to everybody in the chat. */
  deliver(message: ClientMessage): Promise<void>;
  /** Tells the others. */
  receipt(receipt: ClientReceipt): Promise<void>;
  /** Sends the message again, under the same id and readable. */
  retry(request: RetryRequest): Promise<void>;
  /** Throws `SandboxError`; answers once everything is on its way. */
  post(post: Post, signal: AbortSignal): Promise<Sent>;
  /** The clients who see what this person does in this chat: typing, presence, a new picture. */
  audience(jid: string, person: Person): readonly Companion[];
  /** Everybody in this chat; undefined when there is no such chat. */
  members?(jid: string): { readonly people: readonly Person[]; readonly addressing: Addressing } | undefined;
  /** How a stanza in this chat names who it is from: `from`, and `participant` where there are many. */
  origin(jid: string, person: Person): Readonly<Record<string, string>>;
}
