import { WazapiError } from "#domain/errors.ts";
import { eventIdOf, hookIdOf } from "#domain/ids.ts";
import type { EventRow, NewEvent } from "../records.ts";
import { maskOf, targetsOf } from "../slot-mask.ts";
import { hooksOf, type StoredHooks } from "../stored-hooks.ts";
import type { SqliteContext } from "./context.ts";
import { createLaneDue } from "./lane-due.ts";
import { createPutMedia } from "./put-media.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const appendEventsSql = {
  standing: `SELECT counter.event_sequence AS "sequence", instance.hooks AS "hooks"
    FROM instance_counters AS counter JOIN instances AS instance ON instance.instance_id = counter.instance_id
    WHERE counter.instance_id = +?`,
  count: "UPDATE instance_counters SET event_sequence = ? WHERE instance_id = +?",
  event: `INSERT INTO events (event_id, instance_id, sequence, kind, type, chat_id, message_id, occurred_at, captured,
      slot_mask, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING`,
  delivery: `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
      created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)`,
} as const;

/** Happenings of one instance about to become events. */
export interface AppendInput {
  readonly instanceId: string;
  readonly events: readonly NewEvent[];
  readonly now: number;
}

/**
 * Numbers the events that are new, makes their deliveries and adds their files; answers the new ones. Runs inside the caller's write.
 * Throws `instance_not_found`.
 */
export function createAppendEvents(context: SqliteContext): (input: AppendInput) => readonly EventRow[] {
  const { db } = context;
  const standing = db.prepare<[string], { sequence: number; hooks: string }>(appendEventsSql.standing);
  const count = db.prepare<[number, string]>(appendEventsSql.count);
  const insertEvent = db.prepare<(string | number | null)[]>(appendEventsSql.event);
  const insertDelivery = db.prepare<(string | number | bigint)[]>(appendEventsSql.delivery);
  const lanes = createLaneDue(db);
  const media = createPutMedia(db);

  return ({ instanceId, events, now }) => {
    const found = standing.get(instanceId);
    if (found === undefined) throw new WazapiError("instance_not_found");
    // Written by the instance store as the hooks of an instance.
    const hooked = hooksOf(JSON.parse(found.hooks) as StoredHooks);
    const woken = new Map<string, string>();
    const added: EventRow[] = [];
    let { sequence } = found;

    for (const event of events) {
      const eventId = eventIdOf(instanceId, event.dedupeKey);
      const slotMask = maskOf(event.slots);
      const { changes, lastInsertRowid } = insertEvent.run(
        eventId,
        instanceId,
        sequence + 1,
        event.kind,
        event.type,
        event.chatId ?? null,
        event.messageId ?? null,
        event.occurredAt,
        event.captured,
        slotMask,
        now,
      );
      if (changes === 0) continue;
      sequence += 1;
      for (const [url, mask] of targetsOf(hooked, slotMask)) {
        const hookId = hookIdOf(instanceId, url);
        insertDelivery.run(lastInsertRowid, sequence, instanceId, hookId, url, mask, now, now, now);
        woken.set(hookId, url);
      }
      const { dedupeKey: _dedupeKey, slots: _slots, media: files = [], ...rest } = event;
      media.expected(files, now);
      added.push({ ...rest, eventId, instanceId, sequence, position: Number(lastInsertRowid), createdAt: now });
    }

    if (added.length > 0) count.run(sequence, instanceId);
    for (const [hookId, url] of woken) lanes.wake({ instanceId, hookId, url, dueAt: now });
    return added;
  };
}
