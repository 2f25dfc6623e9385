import type { RetentionPolicy } from "../retention.ts";
import type { SqliteContext } from "./context.ts";
import { createSweep } from "../sweep.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const eventSweepSql = {
  dead: `SELECT delivery_id AS "deliveryId" FROM deliveries WHERE state = 'dead' AND updated_at <= +@before
    ORDER BY updated_at LIMIT +@limit`,
  // Positions grow with time, so the first young event ends the search. What was delivered or replayed late stays for
  // as long as if it had happened then.
  old: `SELECT position, EXISTS (
      SELECT 1 FROM deliveries AS d WHERE d.position = old.position
        AND (d.state IN ('pending', 'dead') OR d.updated_at > +@before)) AS "kept"
    FROM (SELECT position, created_at FROM events WHERE position > +@from ORDER BY position LIMIT +@limit) AS old
    WHERE created_at <= +@before ORDER BY position`,
  attemptsOfDelivery: "DELETE FROM attempts WHERE delivery_id = +?",
  delivery: "DELETE FROM deliveries WHERE delivery_id = +?",
  attemptsOfEvent: `DELETE FROM attempts WHERE delivery_id IN (SELECT delivery_id FROM deliveries WHERE position = +?)`,
  deliveriesOfEvent: "DELETE FROM deliveries WHERE position = +?",
  event: "DELETE FROM events WHERE position = +?",
} as const;

interface Input {
  readonly policy: Pick<RetentionPolicy, "deliveredEventsMs" | "deadLettersMs">;
  readonly now: number;
}

/** Removes old dead letters, then old events with nothing left to do for them, with their deliveries and attempts. */
export function createEventSweep(
  context: SqliteContext,
): (input: Input & { readonly limit: number }) => Promise<Readonly<Record<"deadLetters" | "events", number>>> {
  const { db } = context;
  const dead = db.prepare<{ before: number; limit: number }, { deliveryId: number }>(eventSweepSql.dead);
  const old = db.prepare<{ before: number; from: number; limit: number }, { position: number; kept: 0 | 1 }>(
    eventSweepSql.old,
  );
  const ofDelivery = [eventSweepSql.attemptsOfDelivery, eventSweepSql.delivery].map((sql) => db.prepare<[number]>(sql));
  const ofEvent = [eventSweepSql.attemptsOfEvent, eventSweepSql.deliveriesOfEvent, eventSweepSql.event].map((sql) =>
    db.prepare<[number]>(sql),
  );

  const sweep = createSweep<number, Input>(0, (from, { policy, limit, now }) =>
    context.write(() => {
      const found = old.all({ before: now - policy.deliveredEventsMs, from, limit });
      const going = found.filter(({ kept }) => kept === 0);
      for (const { position } of going) for (const statement of ofEvent) statement.run(position);
      return { seen: found.length, removed: going.length, reached: found.at(-1)?.position };
    }),
  );

  return async (input) => {
    const { policy, limit, now } = input;
    const deadLetters = await context.write(() => {
      const found = dead.all({ before: now - policy.deadLettersMs, limit });
      for (const { deliveryId } of found) for (const statement of ofDelivery) statement.run(deliveryId);
      return found.length;
    });
    return { deadLetters, events: await sweep(input) };
  };
}
