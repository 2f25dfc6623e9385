import type { ClaimedMedia, MediaOutcome, MediaStore } from "../media.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { type MediaColumns, mediaColumns, mediaRowOf } from "../media-rows.ts";
import { createPutMedia } from "./put-media.ts";

const mine = "media_id = +@mediaId AND owner IS NOT NULL AND fencing_token = +@fencingToken";
const waiting = "state IN ('pending', 'downloading')";

/** SQL of this file, for the test that no statement scans a table. */
export const mediaSql = {
  keep: `INSERT INTO media (media_id, instance_id, direction, part, kind, mime_type, file_name, state, sha256, due_at,
      expires_at, created_at, updated_at)
    VALUES (@mediaId, @instanceId, 'out', @part, @kind, @mimeType, @fileName, 'stored', @sha256, @now,
      @expiresAt, @now, @now)
    ON CONFLICT (media_id) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at), updated_at = excluded.updated_at`,
  file: `INSERT INTO media_files (sha256, bytes, mime_type, volume, upload_due_at, seen_at)
    VALUES (@sha256, @bytes, @mimeType, @volume, @uploadDueAt, @now)
    ON CONFLICT (sha256) DO UPDATE SET seen_at = excluded.seen_at, volume = excluded.volume,
      upload_due_at = CASE WHEN bucket IS NULL THEN coalesce(upload_due_at, excluded.upload_due_at) END`,
  get: `SELECT ${mediaColumns} FROM media AS m LEFT JOIN media_files AS f ON f.sha256 = m.sha256 WHERE m.media_id = +?`,
  due: `SELECT media_id AS "mediaId" FROM media WHERE ${waiting} AND due_at <= +@now
      AND (@only IS NULL OR instance_id IN (SELECT value FROM json_each(@only)))
      AND instance_id NOT IN (SELECT value FROM json_each(@except))
    ORDER BY due_at LIMIT +@limit`,
  claim: `UPDATE media SET state = 'downloading', owner = @owner, fencing_token = fencing_token + 1, due_at = @leaseUntil,
      updated_at = @now
    WHERE media_id = +@mediaId`,
  renew: `UPDATE media SET due_at = @leaseUntil WHERE ${mine}`,
  stored: `UPDATE media SET state = 'stored', sha256 = @sha256, owner = NULL, last_error = NULL, due_at = @now,
      updated_at = @now
    WHERE ${mine}`,
  pending: `UPDATE media SET state = 'pending', owner = NULL, attempts = @attempts, due_at = @dueAt,
      last_error = coalesce(@error, last_error), updated_at = @now
    WHERE ${mine}`,
  failed: `UPDATE media SET state = 'failed', owner = NULL, attempts = @attempts, last_error = @error, due_at = @now,
      updated_at = @now
    WHERE ${mine}`,
  nextDueAt: `SELECT min(due_at) AS "dueAt" FROM media WHERE ${waiting}`,
  releaseOthers: `UPDATE media SET state = 'pending', owner = NULL, due_at = @now
    WHERE owner IS NOT NULL AND owner <> +@owner`,
  releaseOtherFiles: "UPDATE media_files SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL AND owner <> +?",
  expired: `SELECT media_id AS "mediaId" FROM media AS m WHERE expires_at <= +@now AND NOT EXISTS (
      SELECT 1 FROM media_uses AS u JOIN queue AS q ON q.instance_id = u.instance_id AND q.zaap_id = u.zaap_id
      WHERE u.media_id = m.media_id)
    ORDER BY expires_at LIMIT +@limit`,
  remove: "DELETE FROM media WHERE media_id = +?",
  removeUses: "DELETE FROM media_uses WHERE media_id = +?",
} as const;

type Values = Readonly<Record<string, string | number | null>>;

/** Files of messages in SQLite. */
export function createMedia(context: SqliteContext): MediaStore {
  const { db } = context;
  const put = createPutMedia(db);
  const assertKnown = createInstanceGuard(db);
  const keep = db.prepare<Values>(mediaSql.keep);
  const putFile = db.prepare<Values>(mediaSql.file);
  const get = db.prepare<[string], MediaColumns>(mediaSql.get);
  const due = db.prepare<Values, { mediaId: string }>(mediaSql.due);
  const claim = db.prepare<Values>(mediaSql.claim);
  const renew = db.prepare<Values>(mediaSql.renew);
  const endings = {
    stored: db.prepare<Values>(mediaSql.stored),
    pending: db.prepare<Values>(mediaSql.pending),
    failed: db.prepare<Values>(mediaSql.failed),
  };
  const nextDueAt = db.prepare<[], { dueAt: number | null }>(mediaSql.nextDueAt);
  const releaseOthers = db.prepare<Values>(mediaSql.releaseOthers);
  const releaseOtherFiles = db.prepare<[string]>(mediaSql.releaseOtherFiles);
  const expired = db.prepare<Values, { mediaId: string }>(mediaSql.expired);
  const remove = db.prepare<[string]>(mediaSql.remove);
  const removeUses = db.prepare<[string]>(mediaSql.removeUses);

  const settle = (row: ClaimedMedia, outcome: MediaOutcome, now: number): boolean => {
    const key = { mediaId: row.mediaId, fencingToken: row.fencingToken, now };
    if (outcome.state === "pending") {
      const { attempts, dueAt, error = null } = outcome;
      return endings.pending.run({ ...key, attempts, dueAt, error }).changes === 1;
    }
    if (outcome.state === "failed") {
      const { attempts, error } = outcome;
      return endings.failed.run({ ...key, attempts, error }).changes === 1;
    }
    const { file, volume, upload } = outcome;
    if (endings.stored.run({ ...key, sha256: file.sha256 }).changes === 0) return false;
    putFile.run({ ...file, volume, uploadDueAt: upload ? now : null, now });
    return true;
  };

  return {
    expect: ({ media, now }) =>
      context.write(() => {
        for (const instanceId of new Set(media.map((row) => row.instanceId))) assertKnown(instanceId);
        put.expected(media, now);
      }),
    keep: ({ media, file, volume, upload, now }) =>
      context.write(() => {
        assertKnown(media.instanceId);
        keep.run({ ...media, fileName: media.fileName ?? null, sha256: file.sha256, now });
        putFile.run({ ...file, volume, uploadDueAt: upload ? now : null, now });
      }),
    use: ({ instanceId, zaapId, mediaIds }) => context.write(() => put.used({ instanceId, zaapId }, mediaIds)),
    get: ({ mediaId }) =>
      context.read(() => {
        const row = get.get(mediaId);
        return row === undefined ? undefined : mediaRowOf(row);
      }),
    getMany: ({ mediaIds }) =>
      context.read(() =>
        mediaIds
          .map((mediaId) => get.get(mediaId))
          .filter((row) => row !== undefined)
          .map(mediaRowOf),
      ),
    claim: async ({ owner, only, except = [], limit, leaseMs, now }) => {
      const wanted = {
        only: only === undefined ? null : JSON.stringify(only),
        except: JSON.stringify(except),
        limit: Math.min(limit, 100),
        now,
      };
      // A look first: most polls find nothing and need no transaction.
      if ((await context.read(() => due.get({ ...wanted, limit: 1 }))) === undefined) return [];
      return context.write(() =>
        due.all(wanted).flatMap(({ mediaId }) => {
          claim.run({ mediaId, owner, leaseUntil: now + leaseMs, now });
          const row = get.get(mediaId);
          return row === undefined ? [] : [{ ...mediaRowOf(row), fencingToken: row.fencingToken }];
        }),
      );
    },
    renew: ({ claim: { mediaId, fencingToken }, leaseMs, now }) =>
      context.write(() => renew.run({ mediaId, fencingToken, leaseUntil: now + leaseMs }).changes === 1),
    settle: ({ claim: row, outcome, now }) => context.write(() => settle(row, outcome, now)),
    nextDueAt: () => context.read(() => nextDueAt.get()?.dueAt ?? undefined),
    releaseOthers: ({ owner, now }) =>
      context.write(() => releaseOthers.run({ owner, now }).changes + releaseOtherFiles.run(owner).changes),
    prune: async ({ limit, now }) => {
      const wanted = { limit: Math.min(limit, 1_000), now };
      if ((await context.read(() => expired.get({ ...wanted, limit: 1 }))) === undefined) return 0;
      return context.write(() => {
        const gone = expired.all(wanted);
        for (const { mediaId } of gone) {
          removeUses.run(mediaId);
          remove.run(mediaId);
        }
        return gone.length;
      });
    },
  };
}
