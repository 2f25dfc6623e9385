import type { CapturedNotification } from "#domain/captured.ts";
import type { Clock } from "#lib/clock.ts";
import type { sleep } from "#lib/sleep.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { EventRow } from "#store/records.ts";

/** What looking for a new picture works with. */
export interface NewPhotoDeps {
  readonly directory: Pick<DirectoryStore, "contact">;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
}

/** Link of the new picture that a notification is about; undefined when there is none in time. */
export type NewPhoto = (
  input: { readonly event: EventRow; readonly captured: CapturedNotification },
  signal: AbortSignal,
) => Promise<string | undefined>;

/** How long after its event a picture is waited for, milliseconds. */
export const defaultPhotoWaitMs = 10_000;

const pollMs = 100;

/**
 * WhatsApp says that the own picture changed, not where the new one is. The row of the contact was emptied with the
 * event and is filled in the background; until then its webhook waits, at most `waitMs` from the event on.
 */
export function createNewPhoto(deps: NewPhotoDeps, waitMs: number): NewPhoto {
  return async ({ event, captured }, signal) => {
    const contact = { instanceId: event.instanceId, contactId: captured.chat.chatId };
    const age = deps.clock.now() - event.createdAt;
    // A clock that was set back does not make it longer.
    const untilMs = deps.clock.monotonicMs() + Math.min(waitMs, Math.max(0, waitMs - age));
    for (;;) {
      const photo = (await deps.directory.contact(contact))?.photoUrl;
      const leftMs = untilMs - deps.clock.monotonicMs();
      if (photo !== undefined && photo !== "") return photo;
      if (leftMs <= 0 || signal.aborted) return undefined;
      await deps.sleep(Math.min(leftMs, pollMs), signal);
    }
  };
}
