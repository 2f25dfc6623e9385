import type { Captured } from "#domain/captured.ts";
import type { Records } from "#store/records.ts";

/** What capture made of one batch: to be stored together. */
export interface CaptureResult {
  /** In the order in which they happened. */
  readonly captured: readonly Captured[];
  readonly records: Records;
  /** Journal entries that are settled once the rest is stored. */
  readonly journalIds: readonly string[];
}
