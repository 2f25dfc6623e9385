/** One write of a Signal key; `value: null` deletes it. */
export interface KeyMutation {
  /** Baileys' key type (`session`, `pre-key`, `sender-key`…). */
  readonly type: string;
  readonly id: string;
  readonly value: Uint8Array | null;
}

/** What was decrypted or received, written before its receipt can leave. */
export interface JournalEntry {
  /**
   * `plaintext`: a decrypted payload, committed with the ratchet that decrypted it. `stanza`: a whole stanza that is
   * not encrypted for us (receipt, notification, call, channel post).
   */
  readonly kind: "plaintext" | "stanza";
  /** SHA-256 of the ciphertext, or of the stanza: the same bytes redelivered have the same hash. */
  readonly contentHash: string;
  readonly stanzaId: string;
  /** Attributes of the stanza as JSON, for replay after a crash. */
  readonly attrs: string;
  /** Decrypted padded payload, or the encoded stanza. Sealed at rest. */
  readonly payload: Uint8Array;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A journal row. */
export interface JournalRow extends JournalEntry {
  readonly journalId: number;
  /** Whether an event (or the decision that none is due) has been stored for it. */
  readonly settled: boolean;
}

/** Signal state and journal of the sessions; may live in a database of its own. Everything secret is sealed at rest. */
export interface AuthStateStore {
  /** Declares that the holder of `token` writes from now on; false when a higher token was declared before. */
  fence(input: { readonly instanceId: string; readonly token: number }): Promise<boolean>;
  /** The credentials document as the session wrote it. */
  loadCreds(input: { readonly instanceId: string }): Promise<string | undefined>;
  getKeys(input: {
    readonly instanceId: string;
    readonly type: string;
    readonly ids: readonly string[];
  }): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Ids of the keys of this type above `afterId`, in order, at most `limit`. */
  keyIds(input: {
    readonly instanceId: string;
    readonly type: string;
    readonly afterId: string;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /** One transaction: keys, credentials and journal entries together. Throws `lease_lost` when the token is not the declared one. */
  commit(input: {
    readonly instanceId: string;
    readonly token: number;
    readonly creds?: string;
    readonly keys?: readonly KeyMutation[];
    readonly journal?: readonly JournalEntry[];
  }): Promise<void>;
  /** Forgets keys, credentials and journal (after a logout). Throws `lease_lost`. */
  clear(input: { readonly instanceId: string; readonly token: number }): Promise<void>;
  /** The entry of these very bytes, settled or not, while retention keeps it. */
  findJournaled(input: { readonly instanceId: string; readonly contentHash: string }): Promise<JournalRow | undefined>;
  /** Rows without an event yet, oldest first, above `afterId`. */
  pendingJournal(input: {
    readonly instanceId: string;
    readonly afterId?: number;
    readonly limit: number;
  }): Promise<readonly JournalRow[]>;
  /** Marks the rows of these stanza ids as settled. `EventStore.persist` does it in its own transaction when both share a database. */
  settleJournal(input: {
    readonly instanceId: string;
    readonly stanzaIds: readonly string[];
    readonly now: number;
  }): Promise<void>;
}
