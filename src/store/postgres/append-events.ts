import { eventIdOf, hookIdOf } from "#domain/ids.ts";
import type { EventRow, NewEvent } from "../records.ts";
import { type Hooked, maskOf, targetsOf } from "../slot-mask.ts";
import { hooksOf, type StoredHooks } from "../stored-hooks.ts";
import { lockInstance } from "./instance-lock.ts";
import { wakeLanes } from "./lane-due.ts";
import { guardPositions } from "./position-guard.ts";
import { putMedia } from "./put-media.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const appendEventsSql = statements("append_events", {
  standing: `SELECT instance.hooks, ARRAY(SELECT event_id FROM events WHERE event_id = ANY($2::text[])) AS "known",
      ${guardPositions}
    FROM instances AS instance WHERE instance.instance_id = $1`,
  // Positions are drawn in the order of the sort.
  events: `WITH added AS (
      INSERT INTO events (event_id, instance_id, sequence, kind, type, chat_id, message_id, occurred_at, captured,
        slot_mask, created_at)
      SELECT e.event_id, $1, e.sequence, e.kind, e.type, e.chat_id, e.message_id, e.occurred_at, e.captured,
        e.slot_mask, $2
      FROM unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[],
          $12::int[])
        AS e (event_id, sequence, kind, type, chat_id, message_id, occurred_at, captured, slot_mask)
      ORDER BY e.sequence
      RETURNING position, sequence
    ), made AS (
      INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
        created_at, updated_at)
      SELECT added.position, added.sequence, $1, d.hook_id, d.url, d.slot_mask, 'pending', 0, $2, $2, $2
      FROM unnest($13::bigint[], $14::text[], $15::text[], $16::int[])
          WITH ORDINALITY AS d (sequence, hook_id, url, slot_mask, ordinal)
        JOIN added ON added.sequence = d.sequence
      ORDER BY d.ordinal
    ), counted AS (
      UPDATE instance_counters SET event_sequence = $3 WHERE instance_id = $1
    )
    SELECT position, sequence FROM added`,
});

/** Happenings of one instance about to become events. */
export interface AppendInput {
  readonly instanceId: string;
  readonly events: readonly NewEvent[];
  readonly now: number;
}

/**
 * Numbers the events that are new, makes their deliveries and adds their files; answers the new ones. Takes the lock of the instance with
 * its first statement (even without events), so that numbers have no gap and become visible in their order. Throws
 * `instance_not_found`.
 */
export async function appendEvents(
  tx: Queries,
  { instanceId, events, now }: AppendInput,
): Promise<readonly EventRow[]> {
  const named = new Map<string, NewEvent>();
  for (const event of events) {
    const eventId = eventIdOf(instanceId, event.dedupeKey);
    // Of a batch that names a happening twice the first counts.
    if (!named.has(eventId)) named.set(eventId, event);
  }
  if (named.size === 0) {
    await lockInstance(tx, instanceId);
    return [];
  }
  const [last, [standing]] = await Promise.all([
    lockInstance(tx, instanceId),
    // Begins after the lock is ours, so it sees all that was committed under it.
    tx.rows<{ hooks: StoredHooks; known: readonly string[] }>(appendEventsSql.standing, [
      instanceId,
      [...named.keys()],
    ]),
  ]);
  for (const eventId of standing?.known ?? []) named.delete(eventId);
  if (named.size === 0) return [];
  const added = [...named].map(([eventId, event], index) => ({ eventId, event, sequence: last + index + 1 }));
  const positions = await insert(tx, { instanceId, added, hooked: hooksOf(standing?.hooks ?? {}), now });
  return added.map(({ eventId, event, sequence }) => {
    const { dedupeKey: _, slots: __, media: ___, ...rest } = event;
    return { ...rest, eventId, instanceId, sequence, position: positions.get(sequence) ?? 0, createdAt: now };
  });
}

interface NumberedEvent {
  readonly eventId: string;
  readonly event: NewEvent;
  readonly sequence: number;
}

/** Answers the position of each sequence. */
async function insert(
  tx: Queries,
  input: {
    readonly instanceId: string;
    readonly added: readonly NumberedEvent[];
    readonly hooked: Hooked;
    readonly now: number;
  },
): Promise<ReadonlyMap<number, number>> {
  const { instanceId, added, hooked, now } = input;
  const deliveries = added.flatMap(({ event, sequence }) =>
    [...targetsOf(hooked, maskOf(event.slots))].map(([url, slotMask]) => ({
      sequence,
      instanceId,
      hookId: hookIdOf(instanceId, url),
      url,
      slotMask,
    })),
  );
  const [rows] = await Promise.all([
    tx.rows<{ position: number; sequence: number }>(appendEventsSql.events, [
      instanceId,
      now,
      added.at(-1)?.sequence ?? 0,
      added.map(({ eventId }) => eventId),
      added.map(({ sequence }) => sequence),
      added.map(({ event }) => event.kind),
      added.map(({ event }) => event.type),
      added.map(({ event }) => event.chatId ?? null),
      added.map(({ event }) => event.messageId ?? null),
      added.map(({ event }) => event.occurredAt),
      added.map(({ event }) => event.captured),
      added.map(({ event }) => maskOf(event.slots)),
      deliveries.map(({ sequence }) => sequence),
      deliveries.map(({ hookId }) => hookId),
      deliveries.map(({ url }) => url),
      deliveries.map(({ slotMask }) => slotMask),
    ]),
    wakeLanes(tx, deliveries, now),
    putMedia(
      tx,
      added.flatMap(({ event }) => event.media ?? []),
      now,
    ),
  ]);
  return new Map(rows.map(({ position, sequence }) => [sequence, position]));
}
