import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { ClaimedFile, MediaFileStore, MediaStore } from "#store/media.ts";
import type { LocalStorage } from "../storage/local-storage.ts";
import type { S3Storage } from "../storage/s3-storage.ts";

/** What retention works with. */
export interface MediaRetentionDeps {
  readonly media: Pick<MediaStore, "prune">;
  readonly files: MediaFileStore;
  readonly local: LocalStorage;
  readonly s3: S3Storage | undefined;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How gently things go. */
export interface MediaRetentionOptions {
  readonly owner: string;
  /** Between two rounds, milliseconds. */
  readonly everyMs: number;
  /** Rows, or contents, per step. */
  readonly stepRows: number;
  /** Pause between two steps, in which others get the database and the disk. */
  readonly pauseMs: number;
  /** A file that came so recently may be about to get its row: it stays. */
  readonly graceMs: number;
  readonly leaseMs: number;
}

/** Half an hour between rounds; an hour of grace. */
export const defaultMediaRetentionOptions = {
  everyMs: 1_800_000,
  stepRows: 200,
  pauseMs: 50,
  graceMs: 3_600_000,
  leaseMs: 60_000,
} as const satisfies Partial<MediaRetentionOptions>;

/** What one round removed. */
export interface MediaRetentionReport {
  readonly rows: number;
  readonly contents: number;
  /** Files on the disk that no row named. */
  readonly orphans: number;
  /** Files that were begun and never finished. */
  readonly leftovers: number;
}

/** Starts removing what has expired, now and then every `everyMs`. Disposing ends it after the step in hand. */
export function startMediaRetention(
  deps: MediaRetentionDeps,
  options: MediaRetentionOptions,
  signal: AbortSignal,
): AsyncDisposable {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const live = async (): Promise<void> => {
    while (!stopped.aborted) {
      try {
        const removed = await runMediaRetention(deps, options, stopped);
        if (Object.values(removed).some((count) => count > 0)) deps.log.info({ removed }, "old files removed");
      } catch (error) {
        if (!stopped.aborted) deps.log.warn({ error }, "old files not removed");
      }
      await deps.sleep(options.everyMs, stopped);
    }
  };
  const living = live();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await living;
    },
  };
}

/** One round: rows that expired, contents that no row names, files of this disk that no content names. */
export async function runMediaRetention(
  deps: MediaRetentionDeps,
  options: MediaRetentionOptions,
  signal: AbortSignal,
): Promise<MediaRetentionReport> {
  const rows = await pruneRows(deps, options, signal);
  const contents = await removeContents(deps, options, signal);
  const orphans = await removeOrphans(deps, options, signal);
  const leftovers = signal.aborted ? 0 : await deps.local.clean(deps.clock.now() - options.graceMs);
  return { rows, contents, orphans, leftovers };
}

async function pruneRows(
  deps: MediaRetentionDeps,
  options: MediaRetentionOptions,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const removed = await deps.media.prune({ limit: options.stepRows, now: deps.clock.now() });
    total += removed;
    if (removed < options.stepRows) break;
    await deps.sleep(options.pauseMs, signal);
  }
  return total;
}

async function removeContents(
  deps: MediaRetentionDeps,
  options: MediaRetentionOptions,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  for (let after: string | undefined = ""; after !== undefined && !signal.aborted;) {
    const now = deps.clock.now();
    const { files, next } = await deps.files.claimUnused({
      owner: options.owner,
      after,
      seenBefore: now - options.graceMs,
      limit: options.stepRows,
      leaseMs: options.leaseMs,
      now,
    });
    for (const claim of files) if (await removeContent(deps, claim, signal)) total += 1;
    after = next;
    if (next !== undefined) await deps.sleep(options.pauseMs, signal);
  }
  return total;
}

/** First the copies, then the row: what is interrupted in between is found again. */
async function removeContent(deps: MediaRetentionDeps, claim: ClaimedFile, signal: AbortSignal): Promise<boolean> {
  const { sha256, bucket, seenAt } = claim;
  try {
    signal.throwIfAborted();
    if (bucket !== undefined) {
      // Without a bucket configured its objects stay, and so does the row that knows of them.
      if (deps.s3 === undefined) throw new Error("the bucket is not configured");
      await deps.s3.remove({ bucket, sha256 }, signal);
    }
    await deps.local.remove(sha256, seenAt);
    return await deps.files.forget({ claim, now: deps.clock.now() });
  } catch (error) {
    if (!signal.aborted) deps.log.warn({ sha256, error }, "unused file not removed");
    await deps.files.release({ claim });
    return false;
  }
}

/** A crash between writing a file and its row leaves one that no row names; so does an upload whose copy stayed. */
async function removeOrphans(
  deps: MediaRetentionDeps,
  options: MediaRetentionOptions,
  signal: AbortSignal,
): Promise<number> {
  const seenBefore = deps.clock.now() - options.graceMs;
  let total = 0;
  let step: string[] = [];
  const flush = async (): Promise<void> => {
    const needed = await deps.files.needed({ hashes: step });
    for (const sha256 of step) {
      // The storage looks at its age once more: somebody may have stored it again since.
      if (!needed.has(sha256) && (await deps.local.remove(sha256, seenBefore))) total += 1;
    }
    step = [];
  };
  for await (const sha256 of deps.local.list(seenBefore)) {
    if (signal.aborted) return total;
    step.push(sha256);
    if (step.length < options.stepRows) continue;
    await flush();
    await deps.sleep(options.pauseMs, signal);
  }
  if (step.length > 0 && !signal.aborted) await flush();
  return total;
}
