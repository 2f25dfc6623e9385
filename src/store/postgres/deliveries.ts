import type { DeliveryStore } from "../deliveries.ts";
import type { PostgresContext } from "./context.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createDeliveryLists } from "./delivery-lists.ts";
import { createDeliverySettle } from "./delivery-settle.ts";
import { createLaneClaims } from "./lane-claims.ts";

/** Deliveries in Postgres. */
export function createDeliveries(context: PostgresContext): DeliveryStore {
  return {
    ...createLaneClaims(context),
    ...createDeliverySettle(context),
    ...createDeliveryLists(context),
    ...createDeadLetters(context),
  };
}
