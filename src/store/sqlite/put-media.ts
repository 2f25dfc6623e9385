import type { Database } from "better-sqlite3";
import type { NewMedia } from "../media.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const putMediaSql = {
  media: `INSERT INTO media (media_id, instance_id, direction, chat_id, message_id, part, kind, mime_type, file_name,
      state, due_at, expires_at, created_at, updated_at)
    VALUES (@mediaId, @instanceId, 'in', @chatId, @messageId, @part, @kind, @mimeType, @fileName,
      'pending', @now, @expiresAt, @now, @now)
    ON CONFLICT (media_id) DO NOTHING`,
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
  const use = db.prepare<[string, string, string]>(putMediaSql.use);
  return {
    expected: (media, now) => {
      for (const row of media) insert.run({ ...row, fileName: row.fileName ?? null, now });
    },
    used: ({ instanceId, zaapId }, mediaIds) => {
      for (const mediaId of mediaIds) use.run(mediaId, instanceId, zaapId);
    },
  };
}
