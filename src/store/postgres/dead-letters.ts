import { and, asc, eq, inArray, or, type SQL, sql } from "drizzle-orm";
import { hookIdOf } from "#domain/ids.ts";
import type { DeliveryStore } from "../deliveries.ts";
import { namedUrls } from "../slot-mask.ts";
import { hooksOf } from "../stored-hooks.ts";
import type { PostgresContext } from "./context.ts";
import type { Transaction } from "./database.ts";
import { inState } from "./delivery-selection.ts";
import { wakeLanes, type WokenLane } from "./lane-due.ts";
import { deliveries, events, instances } from "./schema.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const deadLettersSql = statements("dead_letters", {
  revive: `UPDATE deliveries SET state = 'pending', attempts = 0, due_at = $2, last_error = NULL, updated_at = $2
    WHERE delivery_id = ANY($1::bigint[]) AND state = 'dead'`,
  discard: `UPDATE deliveries SET state = 'discarded', updated_at = $2
    WHERE delivery_id = ANY($1::bigint[]) AND state = 'dead'`,
  outdated: `WITH gone AS (
      DELETE FROM deliveries WHERE state = 'discarded' AND instance_id = $1 AND updated_at < $2 RETURNING delivery_id
    ), forgotten AS (
      DELETE FROM attempts WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM gone))
    )
    SELECT count(*) AS "total" FROM gone`,
});

type Selected = Parameters<DeliveryStore["revive"]>[0];

/** What can be done about dead letters. */
export function createDeadLetters(
  context: PostgresContext,
): Pick<DeliveryStore, "revive" | "discard" | "purgeDiscarded"> {
  const { db } = context;

  return {
    revive: (input) =>
      db.transaction(async (tx) => {
        const { now } = input;
        const found = await dead(tx, input, await stillWanted(tx, input.instanceId));
        if (found.length === 0) return 0;
        await tx.run(deadLettersSql.revive, [found.map(({ deliveryId }) => deliveryId), now]);
        await wakeLanes(tx, found, now);
        return found.length;
      }),
    discard: (input) =>
      db.transaction(async (tx) => {
        const found = await dead(tx, input);
        if (found.length === 0) return 0;
        return await tx.run(deadLettersSql.discard, [found.map(({ deliveryId }) => deliveryId), input.now]);
      }),
    purgeDiscarded: async ({ instanceId, before }) => {
      const [row] = await db.rows<{ total: number }>(deadLettersSql.outdated, [instanceId, before]);
      return row?.total ?? 0;
    },
  };
}

/** A URL that nobody configures any more gets nothing; a replay to a URL of its own has no slot to lose. */
async function stillWanted(tx: Transaction, instanceId: string | undefined): Promise<SQL | undefined> {
  const configured = await tx.orm
    .select({ instanceId: instances.instanceId, hooks: instances.hooks })
    .from(instances)
    .where(instanceId === undefined ? undefined : eq(instances.instanceId, instanceId));
  const hookIds = configured.flatMap(({ instanceId, hooks }) =>
    namedUrls(hooksOf(hooks)).map((url) => hookIdOf(instanceId, url)),
  );
  return or(eq(deliveries.slotMask, 0), inArray(deliveries.hookId, [...new Set(hookIds)]));
}

/** The dead letters meant, locked, as they stand now: a change of hooks may be moving them. */
async function dead(
  tx: Transaction,
  input: Selected,
  further?: SQL,
): Promise<readonly (WokenLane & { readonly deliveryId: number })[]> {
  const ofEvent = sql`${deliveries.position} =
    (SELECT ${events.position} FROM ${events} WHERE ${events.eventId} = ${input.eventId})`;
  return await tx.orm
    .select({
      deliveryId: deliveries.deliveryId,
      instanceId: deliveries.instanceId,
      hookId: deliveries.hookId,
      url: deliveries.url,
    })
    .from(deliveries)
    .where(
      and(
        inState("dead"),
        input.instanceId === undefined ? undefined : eq(deliveries.instanceId, input.instanceId),
        input.deliveryIds === undefined ? undefined : inArray(deliveries.deliveryId, [...input.deliveryIds]),
        input.eventId === undefined ? undefined : ofEvent,
        further,
      ),
    )
    .orderBy(asc(deliveries.deliveryId))
    .limit(input.limit)
    .for("update", { of: deliveries });
}
