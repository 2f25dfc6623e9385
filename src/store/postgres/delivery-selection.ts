import { and, eq, type SQL, sql } from "drizzle-orm";
import type { DeliveryFilter, DeliveryState } from "../deliveries.ts";
import { deliveries, events } from "./schema.ts";

/** States written out: a plan made for any parameter could not use a partial index. */
const literals: Readonly<Record<DeliveryState, SQL>> = {
  pending: sql`'pending'`,
  delivered: sql`'delivered'`,
  dead: sql`'dead'`,
  discarded: sql`'discarded'`,
};

/** The condition that a delivery is in this state. */
export function inState(state: DeliveryState): SQL {
  return sql`${deliveries.state} = ${literals[state]}`;
}

/** The condition on `deliveries` joined with `events` that a filter means. */
export function deliverySelection(filter: DeliveryFilter): SQL | undefined {
  return and(
    filter.instanceId === undefined ? undefined : eq(deliveries.instanceId, filter.instanceId),
    filter.state === undefined ? undefined : inState(filter.state),
    filter.type === undefined ? undefined : eq(events.type, filter.type),
    filter.eventId === undefined ? undefined : eq(events.eventId, filter.eventId),
  );
}
