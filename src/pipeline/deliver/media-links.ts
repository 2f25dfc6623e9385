import type { CapturedMedia } from "#domain/captured.ts";
import type { EventRow } from "#store/records.ts";

/** Where the customer fetches one file of a message. */
export interface MediaLink {
  /** Null when the download failed for good. */
  readonly url: string | null;
  readonly thumbnailUrl?: string;
  /** Why there is no file. */
  readonly error?: string;
}

/** What deliver needs of the media room; may wait for an upload as long as its own settings say. */
export interface MediaLinks {
  /** Links by part. A part it does not name has no URL. */
  readonly links: (
    input: { readonly event: EventRow; readonly media: readonly CapturedMedia[] },
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, MediaLink>>;
}
