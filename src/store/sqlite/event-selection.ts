import { and, eq, gte, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { EventSelector } from "../events.ts";
import { inState } from "./delivery-selection.ts";
import { deliveries, events } from "./schema.ts";

/** The condition on `events` that a selector means. */
export function eventSelection(selector: EventSelector): SQL | undefined {
  return and(
    selector.instanceId === undefined ? undefined : eq(events.instanceId, selector.instanceId),
    selector.eventIds === undefined ? undefined : inArray(events.eventId, [...selector.eventIds]),
    selector.type === undefined ? undefined : eq(events.type, selector.type),
    selector.chatId === undefined ? undefined : eq(events.chatId, selector.chatId),
    selector.from === undefined ? undefined : gte(events.createdAt, selector.from),
    selector.to === undefined ? undefined : lt(events.createdAt, selector.to),
    selector.deliveryState === undefined ? undefined : havingDelivery(selector.deliveryState, selector.instanceId),
  );
}

function havingDelivery(
  state: NonNullable<EventSelector["deliveryState"]>,
  instanceId: string | undefined,
): SQL | undefined {
  // Nearly every event has a delivered one, so that is asked of each; the others are few and listed from their index.
  if (state === "delivered") {
    return sql`EXISTS (SELECT 1 FROM ${deliveries}
      WHERE ${deliveries.position} = ${events.position} AND ${inState(state)})`;
  }
  const ofInstance = instanceId === undefined ? sql`` : sql` AND ${deliveries.instanceId} = ${instanceId}`;
  return sql`${events.position} IN (SELECT ${deliveries.position} FROM ${deliveries}
    WHERE ${inState(state)}${ofInstance})`;
}
