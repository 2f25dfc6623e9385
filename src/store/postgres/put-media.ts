import type { NewMedia } from "../media.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const putMediaSql = statements("put_media", {
  media: `INSERT INTO media (media_id, instance_id, direction, chat_id, message_id, part, kind, mime_type, file_name,
      state, sha256, due_at, expires_at, created_at, updated_at)
    SELECT r.media_id, r.instance_id, 'in', r.chat_id, r.message_id, r.part, r.kind, r.mime_type, r.file_name,
      CASE WHEN known.sha256 IS NULL THEN 'pending' ELSE 'stored' END, known.sha256, $11, r.expires_at, $11, $11
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::bigint[], $10::text[])
        AS r (media_id, instance_id, chat_id, message_id, part, kind, mime_type, file_name, expires_at, copy_of)
      LEFT JOIN media AS known ON known.media_id = r.copy_of
    ON CONFLICT (media_id) DO NOTHING`,
  upload: `UPDATE media_files SET upload_due_at = $2
    WHERE bucket IS NULL AND upload_due_at IS NULL
      AND sha256 = ANY (ARRAY(SELECT sha256 FROM media WHERE media_id = ANY ($1::text[])))`,
  uses: `INSERT INTO media_uses (media_id, instance_id, zaap_id)
    SELECT u.media_id, $2, $3 FROM unnest($1::text[]) AS u (media_id) ON CONFLICT DO NOTHING`,
});

/** Adds rows of received files inside the caller's transaction; known ids change nothing. */
export async function putMedia(tx: Queries, media: readonly NewMedia[], now: number): Promise<void> {
  if (media.length === 0) return;
  await tx.run(putMediaSql.media, [
    media.map((row) => row.mediaId),
    media.map((row) => row.instanceId),
    media.map((row) => row.chatId),
    media.map((row) => row.messageId),
    media.map((row) => row.part),
    media.map((row) => row.kind),
    media.map((row) => row.mimeType),
    media.map((row) => row.fileName ?? null),
    media.map((row) => row.expiresAt),
    media.map((row) => row.copyOf?.mediaId ?? null),
    now,
  ]);
  const uploads = media.flatMap(({ copyOf }) => (copyOf?.upload === true ? [copyOf.mediaId] : []));
  if (uploads.length > 0) await tx.run(putMediaSql.upload, [uploads, now]);
}

/** Ties files to the queued message that needs them, inside the caller's transaction. */
export async function putMediaUses(
  tx: Queries,
  message: { readonly instanceId: string; readonly zaapId: string },
  mediaIds: readonly string[],
): Promise<void> {
  if (mediaIds.length > 0) await tx.run(putMediaSql.uses, [mediaIds, message.instanceId, message.zaapId]);
}
