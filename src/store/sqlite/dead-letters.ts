import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { DeliveryStore } from "../deliveries.ts";
import type { SqliteContext } from "./context.ts";
import { inState } from "./delivery-selection.ts";
import { createLaneDue } from "./lane-due.ts";
import { deliveries, events, instances } from "./schema.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const deadLettersSql = {
  revive: `UPDATE deliveries SET state = 'pending', attempts = 0, due_at = @now, last_error = NULL, updated_at = @now
    WHERE delivery_id = +@deliveryId`,
  discard: "UPDATE deliveries SET state = 'discarded', updated_at = @now WHERE delivery_id = +@deliveryId",
  outdated: `SELECT delivery_id AS "deliveryId" FROM deliveries
    WHERE state = 'discarded' AND instance_id = +? AND updated_at < +?`,
  forget: "DELETE FROM deliveries WHERE delivery_id = +?",
  forgetAttempts: "DELETE FROM attempts WHERE delivery_id = +?",
} as const;

type Selected = Parameters<DeliveryStore["revive"]>[0];

/** What can be done about dead letters. */
export function createDeadLetters(
  context: SqliteContext,
): Pick<DeliveryStore, "revive" | "discard" | "purgeDiscarded"> {
  const { db, orm } = context;
  const revive = db.prepare<{ deliveryId: number; now: number }>(deadLettersSql.revive);
  const discard = db.prepare<{ deliveryId: number; now: number }>(deadLettersSql.discard);
  const outdated = db.prepare<[string, number], { deliveryId: number }>(deadLettersSql.outdated);
  const forget = db.prepare<[number]>(deadLettersSql.forget);
  const forgetAttempts = db.prepare<[number]>(deadLettersSql.forgetAttempts);
  const lanes = createLaneDue(db);

  const dead = (input: Selected, further?: SQL) =>
    orm
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
          input.eventId === undefined
            ? undefined
            : sql`${deliveries.position} = (SELECT ${events.position} FROM ${events} WHERE ${events.eventId} = ${input.eventId})`,
          further,
        ),
      )
      .orderBy(asc(deliveries.deliveryId))
      .limit(input.limit)
      .all();

  // A URL that nobody configures any more gets nothing; a replay to a URL of its own has no slot to lose.
  const stillWanted = sql`(${deliveries.slotMask} = 0 OR EXISTS (
    SELECT 1 FROM ${instances}, json_each(${instances.hooks}) AS hook
    WHERE ${instances.instanceId} = ${deliveries.instanceId} AND hook.value = ${deliveries.url})
    OR EXISTS (SELECT 1 FROM ${instances}, json_each(${instances.hooks}, '$.further') AS hook
    WHERE ${instances.instanceId} = ${deliveries.instanceId} AND hook.value ->> 'url' = ${deliveries.url}))`;

  return {
    revive: (input) =>
      context.write(() => {
        const { now } = input;
        const found = dead(input, stillWanted);
        for (const { deliveryId, ...lane } of found) {
          revive.run({ deliveryId, now });
          lanes.wake({ ...lane, dueAt: now });
        }
        return found.length;
      }),
    discard: (input) =>
      context.write(() => {
        const found = dead(input);
        for (const { deliveryId } of found) discard.run({ deliveryId, now: input.now });
        return found.length;
      }),
    purgeDiscarded: ({ instanceId, before }) =>
      context.write(() => {
        const found = outdated.all(instanceId, before);
        for (const { deliveryId } of found) {
          forgetAttempts.run(deliveryId);
          forget.run(deliveryId);
        }
        return found.length;
      }),
  };
}
