import { and, asc, desc, eq, gt, lt } from "drizzle-orm";
import { hookIdOf } from "#domain/ids.ts";
import type { EventStore } from "../events.ts";
import type { EventRow } from "../records.ts";
import { withoutNulls } from "../rows.ts";
import { targetsOf } from "../slot-mask.ts";
import { hooksOf } from "../stored-hooks.ts";
import { createAppendEvents } from "./append-events.ts";
import type { SqliteContext } from "./context.ts";
import { eventSelection } from "./event-selection.ts";
import { createLaneDue } from "./lane-due.ts";
import { createPutRecords } from "./put-records.ts";
import { events, instances } from "./schema.ts";
import { createSettleJournal } from "./settle-journal.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const eventsSql = {
  replay: `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
      created_at, updated_at)
    VALUES (@position, @sequence, @instanceId, @hookId, @url, @slotMask, 'pending', 0, @now, @now, @now)`,
  last: "SELECT seq AS position FROM sqlite_sequence WHERE name = 'events'",
} as const;

/** The outbox in SQLite. */
export function createEvents(context: SqliteContext): EventStore {
  const { db, orm } = context;
  const append = createAppendEvents(context);
  const put = createPutRecords(context);
  const settleJournal = createSettleJournal(db);
  const lanes = createLaneDue(db);
  const replayOne = db.prepare<Readonly<Record<string, string | number>>>(eventsSql.replay);
  const last = db.prepare<[], { position: number }>(eventsSql.last);

  return {
    persist: (input) =>
      context.write(() => {
        const added = append(input);
        put.all(input.instanceId, input.records ?? {});
        settleJournal(input.instanceId, input.journalIds ?? [], input.now);
        return added;
      }),
    get: ({ instanceId, eventId }) =>
      context.read(() => {
        const ofInstance = instanceId === undefined ? undefined : eq(events.instanceId, instanceId);
        const row = orm
          .select()
          .from(events)
          .where(and(eq(events.eventId, eventId), ofInstance))
          .get();
        return row === undefined ? undefined : eventRowOf(row);
      }),
    list: ({ before, limit, ...selector }) =>
      context.read(() =>
        orm
          .select()
          .from(events)
          .where(and(eventSelection(selector), before === undefined ? undefined : lt(events.position, before)))
          .orderBy(desc(events.position))
          .limit(limit)
          .all()
          .map(eventRowOf),
      ),
    since: ({ instanceId, after, limit }) =>
      context.read(() =>
        orm
          .select()
          .from(events)
          .where(and(eventSelection(instanceId === undefined ? {} : { instanceId }), gt(events.position, after)))
          .orderBy(asc(events.position))
          .limit(limit)
          .all()
          .map(eventRowOf),
      ),
    lastPosition: () => context.read(() => last.get()?.position ?? 0),
    replay: ({ selector, url, limit, now }) =>
      context.write(() => {
        const found = orm
          .select({ event: events, hooks: instances.hooks })
          .from(events)
          .innerJoin(instances, eq(instances.instanceId, events.instanceId))
          .where(eventSelection(selector))
          .orderBy(asc(events.position))
          .limit(limit)
          .all();
        let made = 0;
        for (const { event, hooks } of found) {
          const { instanceId, position, sequence } = event;
          const targets = url === undefined ? targetsOf(hooksOf(hooks), event.slotMask) : new Map([[url, 0]]);
          for (const [target, slotMask] of targets) {
            const hookId = hookIdOf(instanceId, target);
            replayOne.run({ position, sequence, instanceId, hookId, url: target, slotMask, now });
            lanes.wake({ instanceId, hookId, url: target, dueAt: now });
            made += 1;
          }
        }
        return made;
      }),
  };
}

/** An event of the table as the ports know it. */
export function eventRowOf({ slotMask: _slotMask, ...row }: typeof events.$inferSelect): EventRow {
  return withoutNulls(row);
}
