import type { Delivery } from "../deliveries.ts";
import { withoutNulls } from "../rows.ts";
import { shownSlot } from "../slot-mask.ts";
import { type EventColumns, eventColumns, eventRowOf } from "./event-rows.ts";
import type { deliveries } from "./schema.ts";

/** A delivery with its event, as a join of both tables answers them. */
export interface DeliveryJoin {
  readonly deliveries: typeof deliveries.$inferSelect;
  readonly events: EventColumns;
}

/** The columns of both for raw statements; `d` and `e` are the tables. */
export const deliveryColumns = `${eventColumns}, d.delivery_id AS "deliveryId", d.hook_id AS "hookId", d.url,
  d.slot_mask AS "served", d.state, d.attempts, d.due_at AS "dueAt", d.last_error AS "lastError",
  d.created_at AS "madeAt", d.updated_at AS "updatedAt"`;

/** A row that `deliveryColumns` reads. */
export interface DeliveryColumns extends EventColumns, Omit<typeof deliveries.$inferSelect, keyof EventColumns> {
  /** Slots the delivery serves. */
  readonly served: number;
  /** When the delivery was made. */
  readonly madeAt: number;
}

/** A delivery as the port knows it. */
export function deliveryOf(row: DeliveryJoin): Delivery {
  const { position: _, sequence: __, slotMask, ...rest } = row.deliveries;
  return { ...withoutNulls(rest), slot: shownSlot(slotMask), event: eventRowOf(row.events) };
}

/** The same out of a raw statement. */
export function deliveryOfColumns(row: DeliveryColumns): Delivery {
  const { deliveryId, hookId, url, served, state, attempts, dueAt, lastError, madeAt, updatedAt, ...event } = row;
  const { instanceId, position, sequence } = event;
  return deliveryOf({
    deliveries: {
      deliveryId,
      position,
      sequence,
      instanceId,
      hookId,
      url,
      slotMask: served,
      state,
      attempts,
      dueAt,
      lastError,
      createdAt: madeAt,
      updatedAt,
    },
    events: event,
  });
}
