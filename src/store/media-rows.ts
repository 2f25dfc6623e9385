import { WazapiError } from "#domain/errors.ts";
import type { FilePlace, MediaRow, StoredFile } from "./media.ts";
import { withoutNulls } from "./rows.ts";

/** The columns of a row with its content, for statements over `media AS m LEFT JOIN media_files AS f`. */
export const mediaColumns = `m.media_id AS "mediaId", m.instance_id AS "instanceId", m.direction AS "direction",
  m.chat_id AS "chatId", m.message_id AS "messageId", m.part AS "part", m.kind AS "kind", m.mime_type AS "mimeType",
  m.file_name AS "fileName", m.state AS "state", m.attempts AS "attempts", m.due_at AS "dueAt",
  m.last_error AS "lastError", m.expires_at AS "expiresAt", m.created_at AS "createdAt", m.updated_at AS "updatedAt",
  m.fencing_token AS "fencingToken", m.sha256 AS "sha256", f.bytes AS "bytes", f.mime_type AS "contentType",
  f.volume AS "volume", f.bucket AS "bucket"`;

type Columns = Omit<MediaRow, "file" | "chatId" | "messageId" | "fileName" | "lastError">;

/** A row as `mediaColumns` selects it. */
export interface MediaColumns extends Columns {
  readonly chatId: string | null;
  readonly messageId: string | null;
  readonly fileName: string | null;
  readonly lastError: string | null;
  readonly fencingToken: number;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly contentType: string | null;
  readonly volume: string | null;
  readonly bucket: string | null;
}

/** A row as the port knows it. */
export function mediaRowOf(columns: MediaColumns): MediaRow {
  const { fencingToken: _, sha256, bytes, contentType, volume, bucket, ...row } = columns;
  if (sha256 === null) return withoutNulls(row);
  if (bytes === null || contentType === null || volume === null) {
    throw new WazapiError("storage", { message: "the database lists a file without its content" });
  }
  const place: FilePlace = bucket === null ? { storage: "local", volume } : { storage: "s3", bucket };
  const file: StoredFile & FilePlace = { sha256, bytes, mimeType: contentType, ...place };
  return { ...withoutNulls(row), file };
}
