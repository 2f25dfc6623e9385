import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { Enqueue } from "#queue/enqueue.ts";
import type { EventRow } from "#store/records.ts";
import type { Store } from "#store/store.ts";
import { type AutoActionsOptions, defaultAutoActionsOptions, startAutoActions } from "#whatsapp/auto-actions.ts";
import { createHistoryGaps, defaultHistoryGapsOptions, type HistoryGapsOptions } from "#whatsapp/history-gaps.ts";
import type { Inbound } from "#whatsapp/inbound.ts";
import { defaultNamesOptions, type NamesOptions, startNames } from "#whatsapp/names.ts";
import type { Sessions } from "#whatsapp/sessions.ts";

/** What the attendants of the sessions work with. */
export interface AttendantsDeps {
  readonly store: Pick<Store, "instances" | "events" | "directory" | "messages">;
  readonly sessions: Pick<Sessions, "isOpen" | "untilOpen" | "markRead" | "rejectCall" | "openSocket" | "view">;
  readonly inbound: Inbound;
  readonly enqueue: Enqueue;
  /** Told for metrics; must not throw. */
  readonly dropped?: (count: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Their pace and limits. */
export interface AttendantsOptions {
  readonly names: NamesOptions;
  readonly actions: AutoActionsOptions;
  readonly gaps: HistoryGapsOptions;
}

/** What suits the real WhatsApp. */
export const defaultAttendantsOptions: AttendantsOptions = {
  names: defaultNamesOptions,
  actions: defaultAutoActionsOptions,
  gaps: defaultHistoryGapsOptions,
};

/** Work that follows stored events and stands in nobody's way. Disposing ends what is in hand. */
export interface Attendants extends AsyncDisposable {
  /** Events were stored, all of one instance. Never waits. */
  readonly stored: (rows: readonly EventRow[]) => void;
  /** Something about this person is not as it was. Never waits. */
  readonly changed: (instanceId: string, jid: string) => void;
  /** Asks the phone for what chats of this instance lack; answers for how many it asked. */
  readonly closeHistoryGaps: (instanceId: string, signal: AbortSignal) => Promise<number>;
}

/** Starts those who ask for names and pictures, read, reject calls, and look for holes. */
export function startAttendants(deps: AttendantsDeps, options: AttendantsOptions, signal: AbortSignal): Attendants {
  const { store, clock, log } = deps;
  const parts = new AsyncDisposableStack();
  const names = parts.use(
    startNames(
      {
        ...deps,
        instances: store.instances,
        sleep,
        log: log.child({ component: "names" }),
      },
      options.names,
      signal,
    ),
  );
  const actions = parts.use(
    startAutoActions(
      {
        ...store,
        sessions: deps.sessions,
        enqueue: async ({ instanceId, to, text, messageId, key }) => {
          const outgoing = { to, content: { kind: "text" as const, text }, options: {} };
          await deps.enqueue({ instanceId, messageId, outgoing, idempotencyKey: key, requestHash: key });
        },
        clock,
        sleep,
        log: log.child({ component: "auto" }),
      },
      options.actions,
      signal,
    ),
  );
  const gaps = createHistoryGaps(
    { ...store, sessions: deps.sessions, clock, log: log.child({ component: "history" }) },
    options.gaps,
  );
  return {
    stored: (rows) => {
      names.stored(rows);
      actions.stored(rows);
    },
    changed: names.changed,
    closeHistoryGaps: gaps.close,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
