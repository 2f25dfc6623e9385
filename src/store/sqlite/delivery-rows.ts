import type { Delivery } from "../deliveries.ts";
import { withoutNulls } from "../rows.ts";
import { shownSlot } from "../slot-mask.ts";
import { eventRowOf } from "./events.ts";
import type { deliveries, events } from "./schema.ts";

/** A delivery with its event, as a join of both tables answers them. */
export interface DeliveryJoin {
  readonly deliveries: typeof deliveries.$inferSelect;
  readonly events: typeof events.$inferSelect;
}

/** The columns of a `DeliveryJoin` for raw statements; the statement must be in `expand` mode. */
export const deliveryJoinColumns = `d.delivery_id AS "deliveryId", d.position, d.sequence, d.instance_id AS "instanceId",
  d.hook_id AS "hookId", d.url, d.slot_mask AS "slotMask", d.state, d.attempts, d.due_at AS "dueAt",
  d.last_error AS "lastError", d.created_at AS "createdAt", d.updated_at AS "updatedAt",
  e.position, e.event_id AS "eventId", e.instance_id AS "instanceId", e.sequence, e.kind, e.type,
  e.chat_id AS "chatId", e.message_id AS "messageId", e.occurred_at AS "occurredAt", e.captured,
  e.slot_mask AS "slotMask", e.created_at AS "createdAt"`;

/** A delivery as the port knows it. */
export function deliveryOf(row: DeliveryJoin): Delivery {
  const { position: _, sequence: __, slotMask, ...rest } = row.deliveries;
  return { ...withoutNulls(rest), slot: shownSlot(slotMask), event: eventRowOf(row.events) };
}
