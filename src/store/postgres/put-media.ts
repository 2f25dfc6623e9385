import type { NewMedia } from "../media.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const putMediaSql = statements("put_media", {
  media: `INSERT INTO media (media_id, instance_id, direction, chat_id, message_id, part, kind, mime_type, file_name,
      state, due_at, expires_at, created_at, updated_at)
    SELECT r.media_id, r.instance_id, 'in', r.chat_id, r.message_id, r.part, r.kind, r.mime_type, r.file_name,
      'pending', $10, r.expires_at, $10, $10
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::bigint[]) AS r (media_id, instance_id, chat_id, message_id, part, kind, mime_type, file_name, expires_at)
    ON CONFLICT (media_id) DO NOTHING`,
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
    now,
  ]);
}

/** Ties files to the queued message that needs them, inside the caller's transaction. */
export async function putMediaUses(
  tx: Queries,
  message: { readonly instanceId: string; readonly zaapId: string },
  mediaIds: readonly string[],
): Promise<void> {
  if (mediaIds.length > 0) await tx.run(putMediaSql.uses, [mediaIds, message.instanceId, message.zaapId]);
}
