import type { Database } from "better-sqlite3";
import type { NewMedia } from "../media.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const putMediaSql = {
  media: `INSERT INTO media (media_id, instance_id, direction, chat_id, message_id, part, kind, mime_type, file_name,
      state, sha256, due_at, expires_at, created_at, updated_at)
    VALUES (@mediaId, @instanceId, 'in', @chatId, @messageId, @part, @kind, @mimeType, @fileName,
      @state, @sha256, @now, @expiresAt, @now, @now)
    ON CONFLICT (media_id) DO NOTHING`,
  upload: `UPDATE media_files SET upload_due_at = @now
    WHERE sha256 = +@sha256 AND bucket IS NULL AND upload_due_at IS NULL`,
  content: "SELECT sha256 FROM media WHERE media_id = +?",
  use: "INSERT INTO media_uses (media_id, instance_id, zaap_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
} as const;

/** Writers of media rows; each runs inside the caller's write. */
export interface PutMedia {
  /** Files of received messages, to be fetched. Known ids change nothing. */
  readonly expected: (media: readonly NewMedia[], now: number) => void;
  /** Ties files to the queued message that needs them. */
  readonly used: (
    message: { readonly instanceId: string; readonly zaapId: string },
    mediaIds: readonly string[],
  ) => void;
}

/** Prepares the statements that other transactions write media rows with. */
export function createPutMedia(db: Database): PutMedia {
  const insert = db.prepare<Readonly<Record<string, string | number | null>>>(putMediaSql.media);
  const content = db.prepare<[string], { sha256: string | null }>(putMediaSql.content);
  const upload = db.prepare<Readonly<Record<string, string | number>>>(putMediaSql.upload);
  const use = db.prepare<[string, string, string]>(putMediaSql.use);
  return {
    expected: (media, now) => {
      for (const { copyOf, fileName = null, ...row } of media) {
        const sha256 = copyOf === undefined ? null : (content.get(copyOf.mediaId)?.sha256 ?? null);
        insert.run({ ...row, fileName, sha256, state: sha256 === null ? "pending" : "stored", now });
        if (sha256 !== null && copyOf?.upload === true) upload.run({ sha256, now });
      }
    },
    used: ({ instanceId, zaapId }, mediaIds) => {
      for (const mediaId of mediaIds) use.run(mediaId, instanceId, zaapId);
    },
  };
}
