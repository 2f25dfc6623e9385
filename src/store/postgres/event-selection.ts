import { and, eq, exists, gte, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import type { EventSelector } from "../events.ts";
import { inState } from "./delivery-selection.ts";
import { deliveries, events } from "./schema.ts";

/** The condition on `events` that a selector means. */
export function eventSelection(orm: PgRemoteDatabase, selector: EventSelector): SQL | undefined {
  return and(
    selector.instanceId === undefined ? undefined : eq(events.instanceId, selector.instanceId),
    selector.eventIds === undefined ? undefined : inArray(events.eventId, [...selector.eventIds]),
    selector.type === undefined ? undefined : eq(events.type, selector.type),
    selector.chatId === undefined ? undefined : eq(events.chatId, selector.chatId),
    selector.from === undefined ? undefined : gte(events.createdAt, selector.from),
    selector.to === undefined ? undefined : lt(events.createdAt, selector.to),
    selector.deliveryState === undefined ? undefined : havingDelivery(orm, selector.deliveryState),
  );
}

function havingDelivery(orm: PgRemoteDatabase, state: NonNullable<EventSelector["deliveryState"]>): SQL {
  const found = orm
    .select({ one: sql`1` })
    .from(deliveries)
    // The instance is said as well, so that an index of what is in this state can be entered by it.
    .where(and(eq(deliveries.position, events.position), eq(deliveries.instanceId, events.instanceId), inState(state)));
  return exists(found);
}
