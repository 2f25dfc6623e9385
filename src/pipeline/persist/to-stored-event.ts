import type { Captured } from "#domain/captured.ts";
import type { Instance } from "#domain/instance.ts";
import { mediaRecordsOf } from "#store/media-records.ts";
import type { NewEvent } from "#store/records.ts";
import { toNewEvent } from "./to-new-event.ts";

/** The row a captured event becomes, with those of its files; `keepMs` is how long files stay, `now` epoch milliseconds. */
export function toStoredEvent(
  captured: Captured,
  instance: Pick<Instance, "id" | "hooks" | "settings">,
  keep: { readonly keepMs: number; readonly now: number },
): NewEvent {
  const event = toNewEvent(captured, instance);
  if (captured.kind !== "message" || captured.media === undefined || captured.media.length === 0) return event;
  const owner = { instanceId: instance.id, chatId: captured.chat.chatId, messageId: captured.messageId };
  return { ...event, media: mediaRecordsOf(owner, captured.media, keep) };
}
