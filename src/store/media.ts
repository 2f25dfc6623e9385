import type { CapturedMedia } from "#domain/captured.ts";

/** What a file of a message is; `gif` is a film that repeats. */
export type MediaKind = CapturedMedia["kind"] | "gif";

/** State of one file of a message: `pending → downloading → stored | failed`. */
export type MediaState = "pending" | "downloading" | "stored" | "failed";

/** A file of a received message, about to be fetched. */
export interface NewMedia {
  /** Derived from instance, chat, message and part (`mediaIdOf`), so that its URL is known before its row. */
  readonly mediaId: string;
  readonly instanceId: string;
  readonly chatId: string;
  readonly messageId: string;
  /** Names the file inside its message: `main`, `thumbnail`, `header`, `card-0`… */
  readonly part: string;
  readonly kind: MediaKind;
  /** As the sender declared it. */
  readonly mimeType: string;
  readonly fileName?: string;
  /** Epoch milliseconds at which the row may go. */
  readonly expiresAt: number;
  /** A row that has the same content: then nothing is fetched, unless that one is gone. `upload`: into the bucket with it. */
  readonly copyOf?: { readonly mediaId: string; readonly upload: boolean };
}

/** Bytes that lie in the content-addressed storage. */
export interface StoredFile {
  /** Lower-case hex; the name of the content everywhere. */
  readonly sha256: string;
  readonly bytes: number;
  /** As the content says. */
  readonly mimeType: string;
}

/** Where a file is: on the disk of the volume that wrote it last, or in a bucket under a key made of its hash. */
export type FilePlace =
  | { readonly storage: "local"; readonly volume: string }
  | { readonly storage: "s3"; readonly bucket: string };

/** One file of a message. Files that customers hand in for sending have neither chat nor message. */
export interface MediaRow extends Omit<NewMedia, "chatId" | "messageId" | "copyOf"> {
  readonly direction: "in" | "out";
  readonly chatId?: string;
  readonly messageId?: string;
  readonly state: MediaState;
  /** Tries that counted. */
  readonly attempts: number;
  /** Epoch milliseconds before which it is not tried. */
  readonly dueAt: number;
  readonly lastError?: string;
  /** Present when it is stored. */
  readonly file?: StoredFile & FilePlace;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A row that this process fetches now: writes on it must carry the token. */
export interface ClaimedMedia extends MediaRow {
  readonly fencingToken: number;
}

/** What became of a claimed row. */
export type MediaOutcome =
  | { readonly state: "stored"; readonly file: StoredFile; readonly volume: string; readonly upload: boolean }
  | { readonly state: "pending"; readonly attempts: number; readonly dueAt: number; readonly error?: string }
  | { readonly state: "failed"; readonly attempts: number; readonly error: string };

/** A content that this process uploads, or removes, now. */
export interface ClaimedFile extends StoredFile {
  readonly fencingToken: number;
  readonly attempts: number;
  /** Epoch milliseconds at which something last began to refer to it. */
  readonly seenAt: number;
  /** Set when an upload succeeded. */
  readonly bucket?: string;
}

/** Files of messages: which there are, what became of fetching them. */
export interface MediaStore {
  /**
   * Adds rows to be fetched outside an event; known ids change nothing. `EventStore.persist` adds those of an event in
   * its own transaction.
   */
  expect(input: { readonly media: readonly NewMedia[]; readonly now: number }): Promise<void>;
  /**
   * Adds the row of a file that a customer handed in, together with its content. A known id, whose content must be the
   * same, stays at least as long as both say.
   */
  keep(input: {
    readonly media: Omit<NewMedia, "chatId" | "messageId" | "copyOf">;
    readonly file: StoredFile;
    readonly volume: string;
    readonly upload: boolean;
    readonly now: number;
  }): Promise<void>;
  /** Keeps the files of a queued message for as long as its row is in the queue, whatever their own expiry says. */
  use(input: {
    readonly instanceId: string;
    readonly zaapId: string;
    readonly mediaIds: readonly string[];
  }): Promise<void>;
  get(input: { readonly mediaId: string }): Promise<MediaRow | undefined>;
  getMany(input: { readonly mediaIds: readonly string[] }): Promise<readonly MediaRow[]>;
  /** Takes due rows, most overdue first, also those whose claim has run out. `only` and `except` name instances. */
  claim(input: {
    readonly owner: string;
    readonly only?: readonly string[];
    readonly except?: readonly string[];
    readonly limit: number;
    readonly leaseMs: number;
    readonly now: number;
  }): Promise<readonly ClaimedMedia[]>;
  /** False when the claim was lost. */
  renew(input: { readonly claim: ClaimedMedia; readonly leaseMs: number; readonly now: number }): Promise<boolean>;
  /** Ends a claim; false when it was lost, and then nothing is written. */
  settle(input: {
    readonly claim: ClaimedMedia;
    readonly outcome: MediaOutcome;
    readonly now: number;
  }): Promise<boolean>;
  /** When the earliest row that waits is due, or the earliest claim runs out; undefined when there is none. */
  nextDueAt(): Promise<number | undefined>;
  /** Frees every claim of other owners: for the process that has just become the only one. */
  releaseOthers(input: { readonly owner: string; readonly now: number }): Promise<number>;
  /** Removes expired rows that no queued message uses; answers how many. `limit` ≤ 1000. */
  prune(input: { readonly limit: number; readonly now: number }): Promise<number>;
}

/** Contents: where each lies, which must be uploaded, which nobody refers to. */
export interface MediaFileStore {
  /** Takes contents on this volume whose upload is due. */
  claimUploads(input: {
    readonly owner: string;
    readonly volume: string;
    readonly limit: number;
    readonly leaseMs: number;
    readonly now: number;
  }): Promise<readonly ClaimedFile[]>;
  renew(input: { readonly claim: ClaimedFile; readonly leaseMs: number; readonly now: number }): Promise<boolean>;
  /** Ends the claim of an upload; false when it was lost. */
  settleUpload(input: {
    readonly claim: ClaimedFile;
    readonly outcome:
      | { readonly kind: "uploaded"; readonly bucket: string }
      | { readonly kind: "later"; readonly attempts: number; readonly dueAt: number; readonly error?: string };
    readonly now: number;
  }): Promise<boolean>;
  /** When the earliest upload on this volume is due. */
  nextUploadAt(input: { readonly volume: string }): Promise<number | undefined>;
  /**
   * Looks at up to `limit` contents above `after` (a hash, in order) and takes those that no row refers to and that
   * nobody began to refer to since `seenBefore`. `next` is the hash to go on from, undefined at the end.
   */
  claimUnused(input: {
    readonly owner: string;
    readonly after: string;
    readonly seenBefore: number;
    readonly limit: number;
    readonly leaseMs: number;
    readonly now: number;
  }): Promise<{ readonly files: readonly ClaimedFile[]; readonly next: string | undefined }>;
  /**
   * Forgets a content whose copies are gone; false when a row refers to it again. Then it counts as local once more and
   * is uploaded again when it was before.
   */
  forget(input: { readonly claim: ClaimedFile; readonly now: number }): Promise<boolean>;
  /** Gives an unused content back whose copies could not be removed. */
  release(input: { readonly claim: ClaimedFile }): Promise<void>;
  /** Which of these hashes must stay on the disk: they are known and in no bucket. */
  needed(input: { readonly hashes: readonly string[] }): Promise<ReadonlySet<string>>;
  /** Contents and their bytes, by place, and what waits. */
  stats(): Promise<{
    readonly files: number;
    readonly bytes: number;
    readonly uploadsWaiting: number;
    readonly downloadsWaiting: number;
    readonly downloadsFailed: number;
  }>;
}
