import type { Captured } from "#domain/captured.ts";
import type { OutgoingContent } from "#domain/content.ts";
import type { Instance } from "#domain/instance.ts";
import { mediaRecordsOf } from "#store/media-records.ts";
import type { NewEvent } from "#store/records.ts";
import { toNewEvent } from "./to-new-event.ts";

/** How the files of an event are kept. */
export interface EventFiles {
  /** How long they stay, milliseconds. */
  readonly keepMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** What was sent, when the event is its echo: a file of ours need not be fetched, only go into the bucket when there is one. */
  readonly sent?: { readonly content: OutgoingContent; readonly upload: boolean };
}

/** The row a captured event becomes, with those of its files. */
export function toStoredEvent(
  captured: Captured,
  instance: Pick<Instance, "id" | "hooks" | "settings">,
  files: EventFiles,
): NewEvent {
  const event = toNewEvent(captured, instance);
  if (captured.kind !== "message" || captured.media === undefined || captured.media.length === 0) return event;
  const owner = { instanceId: instance.id, chatId: captured.chat.chatId, messageId: captured.messageId };
  const { sent } = files;
  const mediaId = sent && mainFileOf(sent.content);
  const ours = mediaId === undefined ? {} : { copyOf: { mediaId, upload: sent?.upload === true } };
  const media = mediaRecordsOf(owner, captured.media, files).map((row) =>
    row.part === "main" ? { ...row, ...ours } : row,
  );
  return { ...event, media };
}

/** Id of the file that a content is mainly about. */
function mainFileOf(content: OutgoingContent): string | undefined {
  const file = "file" in content ? content.file : undefined;
  return file !== undefined && "mediaId" in file ? file.mediaId : undefined;
}
