import { createHash } from "node:crypto";
import { pipeline } from "node:stream";
import { Transform } from "node:stream";
import { isWazapiError } from "#domain/errors.ts";
import { backoffMs, type BackoffOptions } from "#lib/backoff.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { ClaimedFile, MediaFileStore } from "#store/media.ts";
import type { Arrivals } from "../links/arrivals.ts";
import type { LocalStorage } from "../storage/local-storage.ts";
import type { S3Storage } from "../storage/s3-storage.ts";
import { holdClaim } from "./hold-claim.ts";
import { startWorkLoop, type WorkLoop } from "./work-loop.ts";

/** What uploading works with. */
export interface UploadDeps {
  readonly files: MediaFileStore;
  readonly local: LocalStorage;
  readonly s3: S3Storage;
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
  readonly random?: () => number;
}

/** How uploading behaves. */
export interface UploadOptions {
  readonly owner: string;
  readonly slots: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly backoff: BackoffOptions;
}

/** Defaults that suit a server. The bucket may be away for days: files wait on the disk, and nothing is given up. */
export const defaultUploadOptions = {
  slots: 4,
  leaseMs: 60_000,
  pollMs: 15_000,
  backoff: { baseMs: 1_000, maxMs: 300_000, jitter: "equal" },
} as const satisfies Partial<UploadOptions>;

/** Starts moving contents from this disk into the bucket. */
export function startUploads(deps: UploadDeps, options: UploadOptions, signal: AbortSignal): WorkLoop {
  const { volume } = deps.local;
  const work = {
    claim: (limit: number) =>
      deps.files.claimUploads({ owner: options.owner, volume, limit, leaseMs: options.leaseMs, now: deps.clock.now() }),
    run: (claim: ClaimedFile, stop: AbortSignal) => uploadOne(deps, { claim, options }, stop),
    nextDueAt: () => deps.files.nextUploadAt({ volume }),
  };
  return startWorkLoop(deps, { work, options }, signal);
}

interface Uploading {
  readonly claim: ClaimedFile;
  readonly options: UploadOptions;
}

async function uploadOne(deps: UploadDeps, { claim, options }: Uploading, signal: AbortSignal): Promise<void> {
  const { sha256 } = claim;
  const renew = () => deps.files.renew({ claim, leaseMs: options.leaseMs, now: deps.clock.now() });
  const attempts = claim.attempts + 1;
  let outcome: Parameters<MediaFileStore["settleUpload"]>[0]["outcome"];
  {
    await using held = holdClaim({ sleep: deps.sleep, renew }, options.leaseMs, signal);
    try {
      await put(deps, claim, held.signal);
      outcome = { kind: "uploaded", bucket: deps.s3.bucket };
    } catch (error) {
      const now = deps.clock.now();
      if (held.signal.aborted) outcome = { kind: "later", attempts: claim.attempts, dueAt: now };
      else {
        deps.log.warn({ sha256, attempts, error }, "file not uploaded; it stays on this disk");
        const reason = isWazapiError(error) ? error.message : "the file cannot be read from this disk";
        const dueAt = now + backoffMs(options.backoff, attempts, deps.random);
        outcome = { kind: "later", attempts, dueAt, error: reason };
      }
    }
  }
  const isMine = await deps.files.settleUpload({ claim, outcome, now: deps.clock.now() });
  // The copy on this disk serves what comes soon; retention removes it.
  if (isMine && outcome.kind === "uploaded") deps.arrivals.moved();
}

/** Sends the bytes and compares their hash on the way: a disk that changes bytes must not fill the bucket with them. */
async function put(deps: UploadDeps, claim: ClaimedFile, signal: AbortSignal): Promise<void> {
  const source = await deps.local.read(claim.sha256);
  if (source === undefined) throw new Error("the file is not on this disk");
  const hash = createHash("sha256");
  const checked = new Transform({
    transform: (piece: Buffer, _, done) => {
      hash.update(piece);
      done(null, piece);
    },
    flush: (done) => done(hash.digest("hex") === claim.sha256 ? null : new Error("the file changed on this disk")),
  });
  // Failures of either end reach the reader of `checked`.
  const bytes = pipeline(source, checked, () => {});
  await deps.s3.put(claim, bytes, signal);
}
