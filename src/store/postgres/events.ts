import { and, asc, desc, eq, inArray, lt } from "drizzle-orm";
import { hookIdOf } from "#domain/ids.ts";
import { sleep } from "#lib/sleep.ts";
import type { EventStore } from "../events.ts";
import type { EventRow } from "../records.ts";
import { type Hooked, targetsOf } from "../slot-mask.ts";
import { hooksOf } from "../stored-hooks.ts";
import { appendEvents } from "./append-events.ts";
import type { PostgresContext } from "./context.ts";
import type { Transaction } from "./database.ts";
import { type EventColumns, eventColumns, eventRowOf } from "./event-rows.ts";
import { eventSelection } from "./event-selection.ts";
import { lockInstances } from "./instance-lock.ts";
import { wakeLanes } from "./lane-due.ts";
import { settledPosition } from "./position-guard.ts";
import { putRecords } from "./put-records.ts";
import { events, instances } from "./schema.ts";
import { settleJournal } from "./settle-journal.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const eventsSql = statements("events", {
  since: `SELECT ${eventColumns} FROM events AS e WHERE e.position > $1 ORDER BY e.position LIMIT $2`,
  sinceOf: `SELECT ${eventColumns} FROM events AS e WHERE e.instance_id = $3 AND e.position > $1
    ORDER BY e.position LIMIT $2`,
  replay: `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
      created_at, updated_at)
    SELECT d.position, d.sequence, d.instance_id, d.hook_id, d.url, d.slot_mask, 'pending', 0, $1, $1, $1
    FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::int[])
      WITH ORDINALITY AS d (position, sequence, instance_id, hook_id, url, slot_mask, ordinal)
    ORDER BY d.ordinal`,
});

/**
 * Pauses of a reader that was told of news and finds them behind a writer who has not committed yet: nobody tells it a
 * second time, and such a writer is done in a moment.
 */
const pausesMs = [5, 10, 20, 40, 80, 160] as const;
const never = new AbortController().signal;

/** The outbox in Postgres. */
export function createEvents(context: PostgresContext): EventStore {
  const { db } = context;

  return {
    persist: async (input) => {
      const { instanceId, events: happened, records = {}, journalIds: stanzaIds = [], now } = input;
      const added = await db.inTurn(`events of ${instanceId}`, async (tx) => {
        // They travel together; the first of them takes the lock of the instance.
        const [rows] = await Promise.all([
          appendEvents(tx, { instanceId, events: happened, now }),
          putRecords(tx, { instanceId, records, storedAt: context.clock.now() }),
          context.session === undefined ? settleJournal(tx, { instanceId, stanzaIds, now }) : undefined,
        ]);
        return rows;
      });
      await settleElsewhere(context, { instanceId, stanzaIds, now });
      return added;
    },
    get: async ({ instanceId, eventId }) => {
      const ofInstance = instanceId === undefined ? undefined : eq(events.instanceId, instanceId);
      const [row] = await db.query((orm) =>
        orm
          .select()
          .from(events)
          .where(and(eq(events.eventId, eventId), ofInstance)),
      );
      return row === undefined ? undefined : eventRowOf(row);
    },
    list: async ({ before, limit, ...selector }) => {
      const rows = await db.query((orm) =>
        orm
          .select()
          .from(events)
          .where(and(eventSelection(orm, selector), before === undefined ? undefined : lt(events.position, before)))
          .orderBy(desc(events.position))
          .limit(limit),
      );
      return rows.map(eventRowOf);
    },
    since: async (input) => {
      for (const pauseMs of pausesMs) {
        const { rows, heldBack } = await settledSince(context, input);
        if (rows.length > 0 || heldBack === 0) return rows;
        await sleep(pauseMs, never);
      }
      return [];
    },
    lastPosition: () => db.transaction(settledPosition),
    replay: ({ selector, url, limit, now }) =>
      db.transaction(async (tx) => {
        const found = await tx.orm
          .select()
          .from(events)
          .where(eventSelection(tx.orm, selector))
          .orderBy(asc(events.position))
          .limit(limit)
          // Retention, which deletes events that nothing waits for, passes over those that are about to get a delivery.
          .for("key share");
        const hooks = await lockedHooks(tx, [...new Set(found.map(({ instanceId }) => instanceId))]);
        const deliveries = found.flatMap(({ instanceId, position, sequence, slotMask }) => {
          const configured = hooks.get(instanceId);
          if (configured === undefined) return [];
          const targets = url === undefined ? targetsOf(configured, slotMask) : new Map([[url, 0]]);
          return [...targets].map(([target, mask]) => {
            return {
              position,
              sequence,
              instanceId,
              hookId: hookIdOf(instanceId, target),
              url: target,
              slotMask: mask,
            };
          });
        });
        if (deliveries.length === 0) return 0;
        await Promise.all([
          tx.run(eventsSql.replay, [
            now,
            deliveries.map(({ position }) => position),
            deliveries.map(({ sequence }) => sequence),
            deliveries.map(({ instanceId }) => instanceId),
            deliveries.map(({ hookId }) => hookId),
            deliveries.map((delivery) => delivery.url),
            deliveries.map(({ slotMask }) => slotMask),
          ]),
          wakeLanes(tx, deliveries, now),
        ]);
        return deliveries.length;
      }),
  };
}

/** Events above the cursor that nothing can come before any more, and how many more there are already. */
async function settledSince(
  { db }: PostgresContext,
  { instanceId, after, limit }: Parameters<EventStore["since"]>[0],
): Promise<{ readonly rows: readonly EventRow[]; readonly heldBack: number }> {
  return await db.transaction(async (tx) => {
    const [settled, found] = await Promise.all([
      settledPosition(tx),
      instanceId === undefined
        ? tx.rows<EventColumns>(eventsSql.since, [after, limit])
        : tx.rows<EventColumns>(eventsSql.sinceOf, [after, limit, instanceId]),
    ]);
    const rows = found.filter(({ position }) => position <= settled).map(eventRowOf);
    return { rows, heldBack: found.length - rows.length };
  });
}

/** The hooks of those instances that still exist, which nobody changes until the transaction ends. */
async function lockedHooks(tx: Transaction, instanceIds: readonly string[]): Promise<ReadonlyMap<string, Hooked>> {
  const known = await lockInstances(tx, instanceIds);
  if (known.length === 0) return new Map();
  const rows = await tx.orm
    .select({ instanceId: instances.instanceId, hooks: instances.hooks })
    .from(instances)
    .where(inArray(instances.instanceId, [...known]));
  return new Map(rows.map(({ instanceId, hooks }) => [instanceId, hooksOf(hooks)]));
}

/**
 * Settles journal rows that are in a database of their own, after the events are stored. What fails here is not lost:
 * the rows are replayed, the events are known by their dedupe keys, and the rows are settled then.
 */
async function settleElsewhere(
  { session, log }: PostgresContext,
  input: { readonly instanceId: string; readonly stanzaIds: readonly string[]; readonly now: number },
): Promise<void> {
  if (session === undefined || input.stanzaIds.length === 0) return;
  try {
    await session.authState.settleJournal(input);
  } catch (error) {
    log.warn({ instanceId: input.instanceId, rows: input.stanzaIds.length, error }, "journal rows not settled yet");
  }
}
