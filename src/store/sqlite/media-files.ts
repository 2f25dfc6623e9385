import type { ClaimedFile, MediaFileStore } from "../media.ts";
import { type WithoutNulls, withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";

const mine = "sha256 = +@sha256 AND owner IS NOT NULL AND fencing_token = +@fencingToken";
const claimed = `UPDATE media_files SET owner = @owner, fencing_token = fencing_token + 1, lease_until = @leaseUntil`;
const columns = `sha256, bytes, mime_type AS "mimeType", fencing_token AS "fencingToken", attempts, seen_at AS "seenAt",
  bucket`;

/** SQL of this file, for the test that no statement scans a table. */
export const mediaFilesSql = {
  uploads: `SELECT sha256 FROM media_files
    WHERE volume = +@volume AND upload_due_at <= +@now AND lease_until <= +@now
    ORDER BY upload_due_at LIMIT +@limit`,
  claimUpload: `${claimed} WHERE sha256 = +@sha256 RETURNING ${columns}`,
  renew: `UPDATE media_files SET lease_until = @leaseUntil WHERE ${mine}`,
  uploaded: `UPDATE media_files SET owner = NULL, lease_until = 0, bucket = @bucket, upload_due_at = NULL, attempts = 0,
      last_error = NULL
    WHERE ${mine}`,
  later: `UPDATE media_files SET owner = NULL, lease_until = 0, attempts = @attempts, upload_due_at = @dueAt,
      last_error = coalesce(@error, last_error)
    WHERE ${mine}`,
  nextUploadAt: `SELECT max(upload_due_at, lease_until) AS "dueAt" FROM media_files
    WHERE volume = +? AND upload_due_at IS NOT NULL ORDER BY upload_due_at LIMIT 1`,
  page: `SELECT f.sha256, f.seen_at AS "seenAt", f.lease_until AS "leaseUntil",
      EXISTS (SELECT 1 FROM media AS m WHERE m.sha256 = f.sha256) AS "used"
    FROM media_files AS f WHERE f.sha256 > +@after ORDER BY f.sha256 LIMIT +@limit`,
  claimUnused: `${claimed}
    WHERE sha256 = +@sha256 AND seen_at <= +@seenBefore AND lease_until <= +@now
      AND NOT EXISTS (SELECT 1 FROM media WHERE media.sha256 = +@sha256)
    RETURNING ${columns}`,
  forget: `DELETE FROM media_files WHERE ${mine} AND seen_at = +@seenAt
      AND NOT EXISTS (SELECT 1 FROM media WHERE media.sha256 = +@sha256)`,
  revive: `UPDATE media_files SET owner = NULL, lease_until = 0, bucket = NULL,
      upload_due_at = CASE WHEN bucket IS NULL THEN upload_due_at ELSE @now END
    WHERE ${mine}`,
  release: `UPDATE media_files SET owner = NULL, lease_until = 0 WHERE ${mine}`,
  needed: "SELECT 1 FROM media_files WHERE sha256 = +? AND bucket IS NULL",
  totals: 'SELECT count(*) AS "files", coalesce(sum(bytes), 0) AS "bytes" FROM media_files',
  uploadsWaiting: "SELECT count(*) AS count FROM media_files WHERE upload_due_at IS NOT NULL",
  downloadsWaiting: "SELECT count(*) AS count FROM media WHERE state IN ('pending', 'downloading')",
  downloadsFailed: "SELECT count(*) AS count FROM media WHERE state = 'failed'",
} as const;

type Values = Readonly<Record<string, string | number | null>>;
interface Page {
  readonly sha256: string;
  readonly seenAt: number;
  readonly leaseUntil: number;
  readonly used: 0 | 1;
}
type Claimed = Omit<ClaimedFile, "bucket"> & { readonly bucket: string | null };

/** Contents in SQLite. */
export function createMediaFiles(context: SqliteContext): MediaFileStore {
  const { db } = context;
  const uploads = db.prepare<Values, { sha256: string }>(mediaFilesSql.uploads);
  const claimUpload = db.prepare<Values, Claimed>(mediaFilesSql.claimUpload);
  const renew = db.prepare<Values>(mediaFilesSql.renew);
  const uploaded = db.prepare<Values>(mediaFilesSql.uploaded);
  const later = db.prepare<Values>(mediaFilesSql.later);
  const nextUploadAt = db.prepare<[string], { dueAt: number }>(mediaFilesSql.nextUploadAt);
  const page = db.prepare<Values, Page>(mediaFilesSql.page);
  const claimUnused = db.prepare<Values, Claimed>(mediaFilesSql.claimUnused);
  const forget = db.prepare<Values>(mediaFilesSql.forget);
  const revive = db.prepare<Values>(mediaFilesSql.revive);
  const release = db.prepare<Values>(mediaFilesSql.release);
  const needed = db.prepare<[string]>(mediaFilesSql.needed);
  const totals = db.prepare<[], { files: number; bytes: number }>(mediaFilesSql.totals);
  const counts = (["uploadsWaiting", "downloadsWaiting", "downloadsFailed"] as const).map(
    (name) => [name, db.prepare<[], { count: number }>(mediaFilesSql[name])] as const,
  );

  return {
    claimUploads: async ({ owner, volume, limit, leaseMs, now }) => {
      const wanted = { volume, now, limit: Math.min(limit, 100) };
      // A look first: most polls find nothing and need no transaction.
      if ((await context.read(() => uploads.get({ ...wanted, limit: 1 }))) === undefined) return [];
      return context.write(() =>
        uploads
          .all(wanted)
          .map(({ sha256 }) => claimUpload.get({ sha256, owner, leaseUntil: now + leaseMs }))
          .filter((row) => row !== undefined)
          .map(fileOf),
      );
    },
    renew: ({ claim, leaseMs, now }) =>
      context.write(() => renew.run({ ...keyOf(claim), leaseUntil: now + leaseMs }).changes === 1),
    settleUpload: ({ claim, outcome }) =>
      context.write(() => {
        if (outcome.kind === "uploaded") {
          return uploaded.run({ ...keyOf(claim), bucket: outcome.bucket }).changes === 1;
        }
        const { attempts, dueAt, error = null } = outcome;
        return later.run({ ...keyOf(claim), attempts, dueAt, error }).changes === 1;
      }),
    nextUploadAt: ({ volume }) => context.read(() => nextUploadAt.get(volume)?.dueAt),
    claimUnused: async ({ owner, after, seenBefore, limit, leaseMs, now }) => {
      const seen = await context.read(() => page.all({ after, limit }));
      const next = seen.length < limit ? undefined : seen.at(-1)?.sha256;
      const found = seen.filter((row) => row.used === 0 && row.seenAt <= seenBefore && row.leaseUntil <= now);
      if (found.length === 0) return { files: [], next };
      const files = await context.write(() =>
        found
          .map(({ sha256 }) => claimUnused.get({ sha256, owner, seenBefore, now, leaseUntil: now + leaseMs }))
          .filter((row) => row !== undefined)
          .map(fileOf),
      );
      return { files, next };
    },
    forget: ({ claim, now }) =>
      context.write(() => {
        if (forget.run({ ...keyOf(claim), seenAt: claim.seenAt }).changes === 1) return true;
        revive.run({ ...keyOf(claim), now });
        return false;
      }),
    release: ({ claim }) => context.write(() => void release.run(keyOf(claim))),
    needed: ({ hashes }) => context.read(() => new Set(hashes.filter((sha256) => needed.get(sha256) !== undefined))),
    stats: () =>
      context.read(() => ({
        // An aggregate without GROUP BY has exactly one row.
        ...(totals.get() ?? { files: 0, bytes: 0 }),
        ...waitingOf(counts.map(([name, statement]) => [name, statement.get()?.count ?? 0])),
      })),
  };
}

type Waiting = Record<"uploadsWaiting" | "downloadsWaiting" | "downloadsFailed", number>;

function waitingOf(counts: readonly (readonly [keyof Waiting, number])[]): Waiting {
  return { uploadsWaiting: 0, downloadsWaiting: 0, downloadsFailed: 0, ...Object.fromEntries(counts) };
}

function keyOf({ sha256, fencingToken }: ClaimedFile): Values {
  return { sha256, fencingToken };
}

function fileOf(row: Claimed): WithoutNulls<Claimed> {
  return withoutNulls(row);
}
