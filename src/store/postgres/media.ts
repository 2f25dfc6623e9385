import { WazapiError } from "#domain/errors.ts";
import type { ClaimedMedia, MediaOutcome, MediaStore, StoredFile } from "../media.ts";
import { type MediaColumns, mediaColumns, mediaRowOf } from "../media-rows.ts";
import type { PostgresContext } from "./context.ts";
import type { Queries } from "./queries.ts";
import { putMedia, putMediaUses } from "./put-media.ts";
import { statements } from "./statement.ts";

const mine = "media_id = $1 AND owner IS NOT NULL AND fencing_token = $2";
const waiting = "state IN ('pending', 'downloading')";

/** Statements of this file, for the test that none scans a table. */
export const mediaSql = statements("media", {
  // Also the lock against a removal of the instance at the same time.
  known: "SELECT 1 FROM instance_counters WHERE instance_id = ANY ($1::text[]) FOR SHARE",
  keep: `INSERT INTO media AS m (media_id, instance_id, direction, part, kind, mime_type, file_name, state, sha256, due_at,
      expires_at, created_at, updated_at)
    VALUES ($1, $2, 'out', $3, $4, $5, $6, 'stored', $7, $9, $8, $9, $9)
    ON CONFLICT (media_id) DO UPDATE SET expires_at = greatest(m.expires_at, excluded.expires_at),
      updated_at = excluded.updated_at`,
  file: `INSERT INTO media_files AS f (sha256, bytes, mime_type, volume, upload_due_at, seen_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (sha256) DO UPDATE SET seen_at = excluded.seen_at, volume = excluded.volume,
      upload_due_at = CASE WHEN f.bucket IS NULL THEN coalesce(f.upload_due_at, excluded.upload_due_at) END`,
  get: `SELECT ${mediaColumns} FROM media AS m LEFT JOIN media_files AS f ON f.sha256 = m.sha256
    WHERE m.media_id = ANY ($1::text[])`,
  claim: `UPDATE media SET state = 'downloading', owner = $1, fencing_token = fencing_token + 1, due_at = $2,
      updated_at = $3
    WHERE media_id IN (
      SELECT media_id FROM media WHERE ${waiting} AND due_at <= $3
        AND ($4::text[] IS NULL OR instance_id = ANY ($4::text[])) AND NOT (instance_id = ANY ($5::text[]))
      ORDER BY due_at LIMIT $6 FOR UPDATE SKIP LOCKED)
    RETURNING media_id AS "mediaId"`,
  renew: `UPDATE media SET due_at = $3 WHERE ${mine}`,
  stored: `UPDATE media SET state = 'stored', sha256 = $3, owner = NULL, last_error = NULL, due_at = $4, updated_at = $4
    WHERE ${mine}`,
  pending: `UPDATE media SET state = 'pending', owner = NULL, attempts = $3, due_at = $4,
      last_error = coalesce($5, last_error), updated_at = $6
    WHERE ${mine}`,
  failed: `UPDATE media SET state = 'failed', owner = NULL, attempts = $3, last_error = $4, due_at = $5, updated_at = $5
    WHERE ${mine}`,
  nextDueAt: `SELECT min(due_at) AS "dueAt" FROM media WHERE ${waiting}`,
  releaseOthers: `UPDATE media SET state = 'pending', owner = NULL, due_at = $2 WHERE owner IS NOT NULL AND owner <> $1`,
  releaseOtherFiles: "UPDATE media_files SET owner = NULL, lease_until = 0 WHERE owner IS NOT NULL AND owner <> $1",
  expired: `SELECT media_id AS "mediaId" FROM media AS m WHERE expires_at <= $1 AND NOT EXISTS (
      SELECT 1 FROM media_uses AS u JOIN queue AS q ON q.instance_id = u.instance_id AND q.zaap_id = u.zaap_id
      WHERE u.media_id = m.media_id)
    ORDER BY expires_at LIMIT $2 FOR UPDATE OF m SKIP LOCKED`,
  remove: "DELETE FROM media WHERE media_id = ANY ($1::text[])",
  removeUses: "DELETE FROM media_uses WHERE media_id = ANY ($1::text[])",
});

/** Files of messages in Postgres. */
export function createMedia({ db: database }: Pick<PostgresContext, "db">): MediaStore {
  const select = async (tx: Queries, mediaIds: readonly string[]): Promise<readonly MediaColumns[]> => {
    const rows = await tx.rows<MediaColumns>(mediaSql.get, [mediaIds]);
    const byId = new Map(rows.map((row) => [row.mediaId, row]));
    return mediaIds.map((mediaId) => byId.get(mediaId)).filter((row) => row !== undefined);
  };

  return {
    expect: ({ media, now }) =>
      database.transaction(async (tx) => {
        await assertKnown(tx, new Set(media.map((row) => row.instanceId)));
        await putMedia(tx, media, now);
      }),
    keep: ({ media, file, volume, upload, now }) =>
      database.transaction(async (tx) => {
        const { mediaId, instanceId, part, kind, mimeType, fileName = null, expiresAt } = media;
        await assertKnown(tx, new Set([instanceId]));
        await tx.run(mediaSql.keep, [mediaId, instanceId, part, kind, mimeType, fileName, file.sha256, expiresAt, now]);
        await putFile(tx, { file, volume, upload, now });
      }),
    use: ({ instanceId, zaapId, mediaIds }) =>
      database.transaction((tx) => putMediaUses(tx, { instanceId, zaapId }, mediaIds)),
    get: async ({ mediaId }) => {
      const [row] = await select(database, [mediaId]);
      return row === undefined ? undefined : mediaRowOf(row);
    },
    getMany: async ({ mediaIds }) => (await select(database, mediaIds)).map(mediaRowOf),
    claim: ({ owner, only, except = [], limit, leaseMs, now }) =>
      database.transaction(async (tx) => {
        const values = [owner, now + leaseMs, now, only ?? null, except, Math.min(limit, 100)];
        const claimed = await tx.rows<{ mediaId: string }>(mediaSql.claim, values);
        const rows = await select(
          tx,
          claimed.map(({ mediaId }) => mediaId),
        );
        return rows.map((row) => ({ ...mediaRowOf(row), fencingToken: row.fencingToken }));
      }),
    renew: async ({ claim: { mediaId, fencingToken }, leaseMs, now }) =>
      (await database.run(mediaSql.renew, [mediaId, fencingToken, now + leaseMs])) === 1,
    settle: ({ claim, outcome, now }) => database.transaction((tx) => settle(tx, { claim, outcome, now })),
    nextDueAt: async () =>
      (await database.rows<{ dueAt: number | null }>(mediaSql.nextDueAt, []))[0]?.dueAt ?? undefined,
    releaseOthers: ({ owner, now }) =>
      database.transaction(
        async (tx) =>
          (await tx.run(mediaSql.releaseOthers, [owner, now])) + (await tx.run(mediaSql.releaseOtherFiles, [owner])),
      ),
    prune: ({ limit, now }) =>
      database.transaction(async (tx) => {
        const gone = await tx.rows<{ mediaId: string }>(mediaSql.expired, [now, Math.min(limit, 1_000)]);
        const ids = gone.map(({ mediaId }) => mediaId);
        if (ids.length === 0) return 0;
        await tx.run(mediaSql.removeUses, [ids]);
        return await tx.run(mediaSql.remove, [ids]);
      }),
  };
}

async function settle(
  tx: Queries,
  input: { readonly claim: ClaimedMedia; readonly outcome: MediaOutcome; readonly now: number },
): Promise<boolean> {
  const { outcome, now } = input;
  const { mediaId, fencingToken } = input.claim;
  if (outcome.state === "pending") {
    const { attempts, dueAt, error = null } = outcome;
    return (await tx.run(mediaSql.pending, [mediaId, fencingToken, attempts, dueAt, error, now])) === 1;
  }
  if (outcome.state === "failed") {
    return (await tx.run(mediaSql.failed, [mediaId, fencingToken, outcome.attempts, outcome.error, now])) === 1;
  }
  if ((await tx.run(mediaSql.stored, [mediaId, fencingToken, outcome.file.sha256, now])) === 0) return false;
  await putFile(tx, { ...outcome, now });
  return true;
}

async function putFile(
  tx: Queries,
  input: { readonly file: StoredFile; readonly volume: string; readonly upload: boolean; readonly now: number },
): Promise<void> {
  const { file, volume, upload, now } = input;
  await tx.run(mediaSql.file, [file.sha256, file.bytes, file.mimeType, volume, upload ? now : null, now]);
}

/** Throws `instance_not_found`, so that a late write leaves no rows behind a removed instance. */
async function assertKnown(tx: Queries, instanceIds: ReadonlySet<string>): Promise<void> {
  if (instanceIds.size === 0) return;
  const known = await tx.rows(mediaSql.known, [[...instanceIds].sort()]);
  if (known.length < instanceIds.size) throw new WazapiError("instance_not_found");
}
