import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { QueueStore } from "#store/queue.ts";
import type { EventRow } from "#store/records.ts";

/** Lets go what waits in the queue for the end of a restriction of new chats. Never waits, never throws. */
export interface HeldNewChats {
  /** The restriction ends at another time, or is over: what waits looks again, and says the new end where it goes on. */
  readonly endMoved: (instanceId: string) => void;
  /** Events were stored, all of one instance: a chat in which somebody has written is no new one any more. */
  readonly stored: (rows: readonly EventRow[]) => void;
}

/** What lets it go; `areHeld` answers whether new chats of an instance wait at all. */
export function letGoHeldNewChats(deps: {
  readonly release: QueueStore["release"];
  readonly areHeld: (instanceId: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}): HeldNewChats {
  function watched(instanceId: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => deps.log.error({ instanceId, error }, "what waits for new chats not released"));
  }
  const releaseOf = (instanceId: string, chat: { readonly chatId?: string }): Promise<number> =>
    deps.release({ instanceId, waitsFor: "restriction", ...chat, now: deps.clock.now() });

  async function releaseChats(instanceId: string, chatIds: readonly string[]): Promise<void> {
    if (!(await deps.areHeld(instanceId))) return;
    for (const chatId of chatIds) await releaseOf(instanceId, { chatId });
  }

  return {
    endMoved: (instanceId) => watched(instanceId, releaseOf(instanceId, {})),
    stored: (rows) => {
      // Of what was written to the chat from here nothing follows: it is held back again.
      const written = rows.flatMap(({ kind, chatId }) => (kind === "message" && chatId !== undefined ? [chatId] : []));
      const instanceId = rows[0]?.instanceId;
      if (instanceId !== undefined && written.length > 0) {
        watched(instanceId, releaseChats(instanceId, [...new Set(written)]));
      }
    },
  };
}
