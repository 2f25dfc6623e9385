import type { BaileysEventMap, BinaryNode } from "@whiskeysockets/baileys";
import type { Captured } from "#domain/captured.ts";

/** Who a session belongs to; user parts only, no device, no server. */
export interface OwnAccount {
  /** Digits of the own number. */
  readonly phone: string;
  /** User part of the own LID, once known. */
  readonly lid?: string;
}

/** What one session hands over at a time. Order inside a session is the order of the calls. */
export interface InboundBatch {
  readonly instanceId: string;
  readonly own: OwnAccount;
  /** Events as Baileys grouped them. */
  readonly events?: Partial<BaileysEventMap>;
  /** A raw receipt, notification or call. Baileys' own events about it come in other batches. */
  readonly stanza?: BinaryNode;
  /** What the session says about itself. */
  readonly captured?: Captured;
  /** Journal entries that are settled once this batch is stored, also when no event is due. */
  readonly journalIds: readonly string[];
  /** Came from the backlog that WhatsApp kept while we were away. */
  readonly offline: boolean;
}
