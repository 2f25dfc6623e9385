import type { ClaimedFile, MediaFileStore } from "../media.ts";
import { withoutNulls } from "../rows.ts";
import type { PostgresContext } from "./context.ts";
import { statements } from "./statement.ts";

const mine = "sha256 = $1 AND owner IS NOT NULL AND fencing_token = $2";
const claimed = "UPDATE media_files SET owner = $1, fencing_token = fencing_token + 1, lease_until = $2";
const columns = `sha256, bytes, mime_type AS "mimeType", fencing_token AS "fencingToken", attempts, seen_at AS "seenAt",
  bucket`;

/** Statements of this file, for the test that none scans a table. */
export const mediaFilesSql = statements("media_files", {
  claimUploads: `${claimed} WHERE sha256 IN (
      SELECT sha256 FROM media_files WHERE volume = $3 AND upload_due_at <= $4 AND lease_until <= $4
      ORDER BY upload_due_at LIMIT $5 FOR UPDATE SKIP LOCKED)
    RETURNING ${columns}`,
  renew: `UPDATE media_files SET lease_until = $3 WHERE ${mine}`,
  uploaded: `UPDATE media_files SET owner = NULL, lease_until = 0, bucket = $3, upload_due_at = NULL, attempts = 0,
      last_error = NULL
    WHERE ${mine}`,
  later: `UPDATE media_files SET owner = NULL, lease_until = 0, attempts = $3, upload_due_at = $4,
      last_error = coalesce($5, last_error)
    WHERE ${mine}`,
  nextUploadAt: `SELECT greatest(upload_due_at, lease_until) AS "dueAt" FROM media_files
    WHERE volume = $1 AND upload_due_at IS NOT NULL ORDER BY upload_due_at LIMIT 1`,
  page: `SELECT f.sha256, f.seen_at AS "seenAt", f.lease_until AS "leaseUntil",
      EXISTS (SELECT 1 FROM media AS m WHERE m.sha256 = f.sha256) AS "used"
    FROM media_files AS f WHERE f.sha256 > $1 ORDER BY f.sha256 LIMIT $2`,
  // Whoever begins to refer to a content changes `seen_at` in the same transaction: that is what is seen in time here,
  // even when the new row of `media` is not.
  claimUnused: `${claimed}
    WHERE sha256 = ANY ($3::text[]) AND seen_at <= $4 AND lease_until <= $5
      AND NOT EXISTS (SELECT 1 FROM media WHERE media.sha256 = media_files.sha256)
    RETURNING ${columns}`,
  forget: `DELETE FROM media_files WHERE ${mine} AND seen_at = $3
      AND NOT EXISTS (SELECT 1 FROM media WHERE media.sha256 = $1)`,
  revive: `UPDATE media_files SET owner = NULL, lease_until = 0, bucket = NULL,
      upload_due_at = CASE WHEN bucket IS NULL THEN upload_due_at ELSE $3 END
    WHERE ${mine}`,
  release: `UPDATE media_files SET owner = NULL, lease_until = 0 WHERE ${mine}`,
  needed: "SELECT sha256 FROM media_files WHERE sha256 = ANY ($1::text[]) AND bucket IS NULL",
  stats: `SELECT
      (SELECT count(*) FROM media_files) AS "files",
      (SELECT coalesce(sum(bytes), 0)::bigint FROM media_files) AS "bytes",
      (SELECT count(*) FROM media_files WHERE upload_due_at IS NOT NULL) AS "uploadsWaiting",
      (SELECT count(*) FROM media WHERE state IN ('pending', 'downloading')) AS "downloadsWaiting",
      (SELECT count(*) FROM media WHERE state = 'failed') AS "downloadsFailed"`,
});

interface Page {
  readonly sha256: string;
  readonly seenAt: number;
  readonly leaseUntil: number;
  readonly used: boolean;
}
type Claimed = Omit<ClaimedFile, "bucket"> & { readonly bucket: string | null };
type Stats = Awaited<ReturnType<MediaFileStore["stats"]>>;

/** Contents in Postgres. */
export function createMediaFiles({ db: database }: Pick<PostgresContext, "db">): MediaFileStore {
  return {
    claimUploads: async ({ owner, volume, limit, leaseMs, now }) => {
      const values = [owner, now + leaseMs, volume, now, Math.min(limit, 100)];
      return (await database.rows<Claimed>(mediaFilesSql.claimUploads, values)).map((row) => withoutNulls(row));
    },
    renew: async ({ claim, leaseMs, now }) =>
      (await database.run(mediaFilesSql.renew, [claim.sha256, claim.fencingToken, now + leaseMs])) === 1,
    settleUpload: async ({ claim: { sha256, fencingToken }, outcome }) => {
      if (outcome.kind === "uploaded") {
        return (await database.run(mediaFilesSql.uploaded, [sha256, fencingToken, outcome.bucket])) === 1;
      }
      const { attempts, dueAt, error = null } = outcome;
      return (await database.run(mediaFilesSql.later, [sha256, fencingToken, attempts, dueAt, error])) === 1;
    },
    nextUploadAt: async ({ volume }) =>
      (await database.rows<{ dueAt: number }>(mediaFilesSql.nextUploadAt, [volume]))[0]?.dueAt,
    claimUnused: async ({ owner, after, seenBefore, limit, leaseMs, now }) => {
      const seen = await database.rows<Page>(mediaFilesSql.page, [after, limit]);
      const next = seen.length < limit ? undefined : seen.at(-1)?.sha256;
      const found = seen.filter((row) => !row.used && row.seenAt <= seenBefore && row.leaseUntil <= now);
      if (found.length === 0) return { files: [], next };
      const hashes = found.map(({ sha256 }) => sha256);
      const files = await database.rows<Claimed>(mediaFilesSql.claimUnused, [
        owner,
        now + leaseMs,
        hashes,
        seenBefore,
        now,
      ]);
      return { files: files.map((row) => withoutNulls(row)), next };
    },
    forget: ({ claim: { sha256, fencingToken, seenAt }, now }) =>
      database.transaction(async (tx) => {
        if ((await tx.run(mediaFilesSql.forget, [sha256, fencingToken, seenAt])) === 1) return true;
        await tx.run(mediaFilesSql.revive, [sha256, fencingToken, now]);
        return false;
      }),
    release: async ({ claim: { sha256, fencingToken } }) => {
      await database.run(mediaFilesSql.release, [sha256, fencingToken]);
    },
    needed: async ({ hashes }) => {
      const found = await database.rows<{ sha256: string }>(mediaFilesSql.needed, [hashes]);
      return new Set(found.map(({ sha256 }) => sha256));
    },
    stats: async () => {
      const [found] = await database.rows<Stats>(mediaFilesSql.stats, []);
      return found ?? { files: 0, bytes: 0, uploadsWaiting: 0, downloadsWaiting: 0, downloadsFailed: 0 };
    },
  };
}
