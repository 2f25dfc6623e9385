import type { EventRow } from "../records.ts";
import { withoutNulls } from "../rows.ts";
import type { events } from "./schema.ts";

/** The columns of an event for raw statements; `e` is the table. */
export const eventColumns = `e.position, e.event_id AS "eventId", e.instance_id AS "instanceId", e.sequence, e.kind,
  e.type, e.chat_id AS "chatId", e.message_id AS "messageId", e.occurred_at AS "occurredAt", e.captured,
  e.slot_mask AS "slotMask", e.created_at AS "createdAt"`;

/** An event of the table. */
export type EventColumns = typeof events.$inferSelect;

/** An event of the table as the ports know it. */
export function eventRowOf(event: EventColumns): EventRow {
  const { slotMask: _, ...row } = event;
  return withoutNulls(row);
}
