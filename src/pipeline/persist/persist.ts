import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { EventStore } from "#store/events.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { EventRow, Records } from "#store/records.ts";
import type { CaptureResult } from "../capture-result.ts";
import { toStoredEvent } from "./to-stored-event.ts";

/** What storing works with. */
export interface PersistDeps {
  readonly events: Pick<EventStore, "persist">;
  readonly instances: Pick<InstanceStore, "get">;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after the commit, with the rows that are new, and whether there may be files to fetch. */
  readonly stored: (rows: readonly EventRow[], what: { readonly hasFiles: boolean }) => void;
}

/** How storing behaves. */
export interface PersistOptions {
  /** How long files of messages stay, milliseconds. */
  readonly mediaKeepMs: number;
  /** Whether files of sent messages go into the bucket once they are sent, as received ones do. */
  readonly uploadsSent: boolean;
}

/** Stores what was captured, in one transaction. Rejects when the store does; nothing is stored then. */
export type Persist = (input: {
  readonly instanceId: string;
  readonly results: readonly CaptureResult[];
}) => Promise<readonly EventRow[]>;

/** Opens the stage behind which everything is a row. */
export function createPersist(deps: PersistDeps, options: PersistOptions): Persist {
  return async ({ instanceId, results }) => {
    const instance = await deps.instances.get({ instanceId });
    if (instance === undefined) {
      deps.log.info({ instanceId, batches: results.length }, "instance is gone; what it still brought is not kept");
      return [];
    }
    const now = deps.clock.now();
    const keep = { keepMs: options.mediaKeepMs, now };
    const events = results.flatMap(({ captured }) => captured.map((one) => toStoredEvent(one, instance, keep)));
    const rows = await deps.events.persist({
      instanceId,
      events,
      records: merged(results),
      journalIds: results.flatMap(({ journalIds }) => journalIds),
      now,
    });
    if (rows.length > 0) deps.stored(rows, { hasFiles: events.some(({ media }) => media !== undefined) });
    return rows;
  };
}

function merged(results: readonly CaptureResult[]): Records {
  return {
    messages: results.flatMap(({ records }) => records.messages ?? []),
    statuses: results.flatMap(({ records }) => records.statuses ?? []),
    lidPairs: results.flatMap(({ records }) => records.lidPairs ?? []),
    contacts: results.flatMap(({ records }) => records.contacts ?? []),
    chats: results.flatMap(({ records }) => records.chats ?? []),
  };
}
