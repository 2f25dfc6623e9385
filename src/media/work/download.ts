import { isWazapiError } from "#domain/errors.ts";
import { backoffMs, type BackoffOptions } from "#lib/backoff.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { ClaimedMedia, MediaOutcome, MediaRow, MediaStore } from "#store/media.ts";
import type { Arrivals } from "../links/arrivals.ts";
import { type Bytes, flowing } from "../source/flow.ts";
import type { LocalStorage } from "../storage/local-storage.ts";
import { sniffFile } from "../types/sniff-file.ts";
import { holdClaim } from "./hold-claim.ts";
import { within } from "./within.ts";
import { startWorkLoop, type WorkLoop } from "./work-loop.ts";

/** What came of asking for a file. */
export type DownloadAnswer =
  /** Its plain bytes. When they end without an error they are decrypted and complete; `sha256` is what they must hash to. */
  | { readonly kind: "bytes"; readonly bytes: Bytes; readonly sha256?: string }
  /** WhatsApp's servers do not have it any more (404, 410). */
  | { readonly kind: "gone" }
  /** It cannot be asked for now, for no fault of the file: the instance is not connected. */
  | { readonly kind: "offline" }
  /** It never can: the message names no such file, or its keys are missing. */
  | { readonly kind: "impossible"; readonly reason: string };

/** Fetches the files of received messages; the room that speaks to WhatsApp has it. */
export interface Downloader {
  /** Asks for the file of a row. Throws for everything that may pass: broken connections, 5xx. */
  readonly download: (row: MediaRow, signal: AbortSignal) => Promise<DownloadAnswer>;
  /**
   * Asks the phone to upload the file once more and waits for its answer; true when another download can succeed,
   * false when the phone does not have it either. Throws when the phone did not answer.
   */
  readonly askAgain: (row: MediaRow, signal: AbortSignal) => Promise<boolean>;
}

/** What downloading works with. */
export interface DownloadDeps {
  readonly media: MediaStore;
  readonly downloader: Downloader;
  readonly local: LocalStorage;
  readonly arrivals: Arrivals;
  /** Told when a content that must be uploaded has come. */
  readonly stored: () => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
  /** Answers in [0, 1); for the jitter of waits. */
  readonly random?: () => number;
}

/** How downloading behaves. */
export interface DownloadOptions {
  /** Names this process on its claims. */
  readonly owner: string;
  /** Instances whose sessions live here; undefined: all of them. Asked at every look. */
  readonly instances?: () => readonly string[];
  readonly slots: number;
  /** Files of one instance at the same time, so that none keeps the others waiting. */
  readonly slotsPerInstance: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /** Largest file that is kept. */
  readonly maxBytes: number;
  /** Longest wait for the beginning of a file, and for an answer of the phone, milliseconds. */
  readonly answerMs: number;
  /** Nothing came for so long: the try failed, milliseconds. */
  readonly idleMs: number;
  /** Tries that count, the phone's help included. */
  readonly maxAttempts: number;
  readonly backoff: BackoffOptions;
  /** Wait after `offline`, milliseconds; it counts no try. */
  readonly offlineMs: number;
  /** Whether contents go into a bucket afterwards. */
  readonly upload: boolean;
}

/** Defaults that suit a server. */
export const defaultDownloadOptions = {
  slots: 8,
  slotsPerInstance: 3,
  leaseMs: 60_000,
  pollMs: 15_000,
  maxBytes: 2_147_483_648,
  answerMs: 90_000,
  idleMs: 60_000,
  maxAttempts: 8,
  backoff: { baseMs: 2_000, maxMs: 600_000, jitter: "equal" },
  offlineMs: 15_000,
} as const satisfies Partial<DownloadOptions>;

/** Starts fetching the files of received messages. */
export function startDownloads(deps: DownloadDeps, options: DownloadOptions, signal: AbortSignal): WorkLoop {
  const { media } = deps;
  const claim = async (_: number, running: ReadonlySet<ClaimedMedia>): Promise<readonly ClaimedMedia[]> => {
    const counts = Map.groupBy(running, ({ instanceId }) => instanceId);
    const busy = [...counts].filter(([, rows]) => rows.length >= options.slotsPerInstance);
    const only = options.instances?.();
    if (only?.length === 0) return [];
    return await media.claim({
      owner: options.owner,
      ...(only === undefined ? {} : { only }),
      except: busy.map(([instanceId]) => instanceId),
      // One at a time: each may bring its instance to its share.
      limit: 1,
      leaseMs: options.leaseMs,
      now: deps.clock.now(),
    });
  };
  const work = {
    claim,
    run: (row: ClaimedMedia, stop: AbortSignal) => fetchOne(deps, { row, options }, stop),
    nextDueAt: () => media.nextDueAt(),
  };
  return startWorkLoop(deps, { work, options }, signal);
}

interface Fetching {
  readonly row: ClaimedMedia;
  readonly options: DownloadOptions;
}

async function fetchOne(deps: DownloadDeps, fetching: Fetching, signal: AbortSignal): Promise<void> {
  const { row, options } = fetching;
  const { instanceId, mediaId } = row;
  const renew = () => deps.media.renew({ claim: row, leaseMs: options.leaseMs, now: deps.clock.now() });
  let outcome: MediaOutcome;
  {
    await using held = holdClaim({ sleep: deps.sleep, renew }, options.leaseMs, signal);
    try {
      outcome = await tryOne(deps, fetching, held.signal);
    } catch (error) {
      // Stopped here, or somebody else has it: no try.
      if (held.signal.aborted) outcome = { state: "pending", attempts: row.attempts, dueAt: deps.clock.now() };
      else outcome = failed(deps, fetching, error);
    }
  }
  const isMine = await deps.media.settle({ claim: row, outcome, now: deps.clock.now() });
  if (!isMine) return deps.log.info({ instanceId, mediaId }, "file was fetched by somebody else meanwhile");
  deps.arrivals.changed(mediaId);
  if (outcome.state === "stored" && outcome.upload) deps.stored();
  if (outcome.state === "failed") deps.log.warn({ instanceId, mediaId, reason: outcome.error }, "file given up");
}

async function tryOne(deps: DownloadDeps, fetching: Fetching, signal: AbortSignal): Promise<MediaOutcome> {
  const { row, options } = fetching;
  const limitMs = options.answerMs;
  const answer = await within(deps, { limitMs, work: (until) => deps.downloader.download(row, until) }, signal);
  const now = deps.clock.now();
  switch (answer.kind) {
    case "offline":
      return { state: "pending", attempts: row.attempts, dueAt: now + options.offlineMs };
    case "impossible":
      return { state: "failed", attempts: row.attempts + 1, error: answer.reason };
    case "gone": {
      const isBack = await within(deps, { limitMs, work: (until) => deps.downloader.askAgain(row, until) }, signal);
      if (!isBack) {
        return {
          state: "failed",
          attempts: row.attempts + 1,
          error: "WhatsApp and the phone do not have the file any more",
        };
      }
      return later(deps, fetching, { error: "the phone uploads the file again", waitMs: 0 });
    }
    case "bytes":
      return await store(deps, { ...fetching, answer }, signal);
  }
}

async function store(
  deps: DownloadDeps,
  input: Fetching & { readonly answer: Extract<DownloadAnswer, { kind: "bytes" }> },
  signal: AbortSignal,
): Promise<MediaOutcome> {
  const { answer, options, row } = input;
  const bytes = flowing(deps, { bytes: answer.bytes, idleMs: options.idleMs }, signal);
  await using staged = await deps.local.stage(bytes, { maxBytes: options.maxBytes });
  if (staged.bytes === 0) throw new Error("the file has 0 bytes");
  if (answer.sha256 !== undefined && answer.sha256 !== staged.sha256) throw new Error("the file came damaged");
  const mimeType = (await sniffFile(staged.path)) ?? "application/octet-stream";
  await staged.commit();
  deps.log.debug({ instanceId: row.instanceId, mediaId: row.mediaId, bytes: staged.bytes }, "file stored");
  const file = { sha256: staged.sha256, bytes: staged.bytes, mimeType };
  return { state: "stored", file, volume: deps.local.volume, upload: options.upload };
}

function failed(deps: DownloadDeps, fetching: Fetching, error: unknown): MediaOutcome {
  const { row } = fetching;
  const reason = error instanceof Error ? error.message : "unknown failure";
  // It will not get smaller.
  if (isWazapiError(error, "payload_too_large")) return { state: "failed", attempts: row.attempts + 1, error: reason };
  // A full disk is no fault of the file.
  if (isWazapiError(error, "unavailable", "storage")) {
    return {
      state: "pending",
      attempts: row.attempts,
      dueAt: deps.clock.now() + fetching.options.offlineMs,
      error: reason,
    };
  }
  deps.log.info({ instanceId: row.instanceId, mediaId: row.mediaId, error }, "file not fetched");
  return later(deps, fetching, { error: reason });
}

/** Another try, unless they are used up. */
function later(
  deps: DownloadDeps,
  { row, options }: Fetching,
  { error, waitMs }: { readonly error: string; readonly waitMs?: number },
): MediaOutcome {
  const attempts = row.attempts + 1;
  if (attempts >= options.maxAttempts) return { state: "failed", attempts, error };
  const wait = waitMs ?? backoffMs(options.backoff, attempts, deps.random);
  return { state: "pending", attempts, dueAt: deps.clock.now() + wait, error };
}
