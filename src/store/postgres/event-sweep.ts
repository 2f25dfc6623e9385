import type { RetentionPolicy } from "../retention.ts";
import { createSweep } from "../sweep.ts";
import type { PostgresContext } from "./context.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const eventSweepSql = statements("event_sweep", {
  dead: `WITH gone AS (
      DELETE FROM deliveries WHERE delivery_id = ANY(ARRAY(
        SELECT delivery_id FROM deliveries WHERE state = 'dead' AND updated_at <= $1
        ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING delivery_id
    ), forgotten AS (
      DELETE FROM attempts WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM gone))
    )
    SELECT delivery_id FROM gone`,
  // Events that a replay holds are passed over: they are about to get a delivery.
  old: `SELECT position, created_at AS "createdAt" FROM events
    WHERE created_at <= $1 AND (created_at, position) > ($2, $3)
    ORDER BY created_at, position LIMIT $4 FOR UPDATE SKIP LOCKED`,
  // Asked once they are locked, so that no delivery is added between the question and the end. What was delivered or
  // replayed late stays for as long as if it had happened then.
  events: `DELETE FROM events WHERE position = ANY($1::bigint[]) AND NOT EXISTS (
      SELECT 1 FROM deliveries AS d WHERE d.position = events.position
        AND (d.state IN ('pending', 'dead') OR d.updated_at > $2))
    RETURNING position`,
  deliveries: `WITH gone AS (
      DELETE FROM deliveries WHERE position = ANY($1::bigint[]) RETURNING delivery_id
    )
    DELETE FROM attempts WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM gone))`,
});

interface Place {
  readonly createdAt: number;
  readonly position: number;
}

interface Input {
  readonly policy: Pick<RetentionPolicy, "deliveredEventsMs" | "deadLettersMs">;
  readonly now: number;
}

/** Removes old dead letters, then old events with nothing left to do for them, with their deliveries and attempts. */
export function createEventSweep(
  context: PostgresContext,
): (input: Input & { readonly limit: number }) => Promise<Readonly<Record<"deadLetters" | "events", number>>> {
  const { db } = context;

  const sweep = createSweep<Place, Input>({ createdAt: 0, position: 0 }, (from, { policy, limit, now }) =>
    db.transaction(async (tx) => {
      const before = now - policy.deliveredEventsMs;
      const found = await tx.rows<Place>(eventSweepSql.old, [before, from.createdAt, from.position, limit]);
      const positions = found.map(({ position }) => position);
      const gone = await tx.rows<{ position: number }>(eventSweepSql.events, [positions, before]);
      await tx.run(eventSweepSql.deliveries, [gone.map(({ position }) => position)]);
      return { seen: found.length, removed: gone.length, reached: found.at(-1) };
    }),
  );

  return async (input) => {
    const { policy, limit, now } = input;
    const deadLetters = await db.run(eventSweepSql.dead, [now - policy.deadLettersMs, limit]);
    return { deadLetters, events: await sweep(input) };
  };
}
