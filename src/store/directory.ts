import type { ChatPatch, ContactPatch, LidPair } from "./records.ts";

/** A stored chat. */
export interface ChatRow extends ChatPatch {
  readonly instanceId: string;
}

/** A stored contact. */
export interface ContactRow extends ContactPatch {
  readonly instanceId: string;
}

/** LID pairs, contacts and chats of an instance. Pairs are shared by nobody: WhatsApp may show each account its own. */
export interface DirectoryStore {
  /** Remembers pairs. What is stored under a LID whose number is new moves to the number: messages, chat and contact. */
  putPairs(input: { readonly instanceId: string; readonly pairs: readonly LidPair[] }): Promise<void>;
  /** Digits of the number behind a LID user part. */
  phoneOf(input: { readonly instanceId: string; readonly lid: string }): Promise<string | undefined>;
  lidOf(input: { readonly instanceId: string; readonly phone: string }): Promise<string | undefined>;
  /** Every pair, for warming a cache; newest first. */
  pairs(input: { readonly instanceId: string; readonly limit: number }): Promise<readonly LidPair[]>;
  putContacts(input: { readonly instanceId: string; readonly contacts: readonly ContactPatch[] }): Promise<void>;
  contact(input: { readonly instanceId: string; readonly contactId: string }): Promise<ContactRow | undefined>;
  contacts(input: {
    readonly instanceId: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<readonly ContactRow[]>;
  putChats(input: { readonly instanceId: string; readonly chats: readonly ChatPatch[] }): Promise<void>;
  chat(input: { readonly instanceId: string; readonly chatId: string }): Promise<ChatRow | undefined>;
  chats(input: {
    readonly instanceId: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<readonly ChatRow[]>;
}
