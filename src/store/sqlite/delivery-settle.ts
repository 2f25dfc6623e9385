import type { DeliveryStore, Settlement } from "../deliveries.ts";
import type { SqliteContext } from "./context.ts";
import { type DeliveryJoin, deliveryJoinColumns, deliveryOf } from "./delivery-rows.ts";
import { createLaneDue } from "./lane-due.ts";

const mine =
  "instance_id = +@instanceId AND hook_id = +@hookId AND owner IS NOT NULL AND fencing_token = +@fencingToken";

/** SQL of this file, for the test that no statement scans a table. */
export const deliverySettleSql = {
  pending: `SELECT ${deliveryJoinColumns} FROM deliveries AS d JOIN events AS e ON e.position = d.position
    WHERE d.state = 'pending' AND d.instance_id = +@instanceId AND d.hook_id = +@hookId
      AND (d.sequence, d.delivery_id) > (+@sequence, +@deliveryId)
    ORDER BY d.sequence, d.delivery_id LIMIT +@limit`,
  owned: `SELECT 1 FROM lanes WHERE ${mine}`,
  breaker: `UPDATE lanes SET breaker_state = @state, breaker_failures = @failures, breaker_probe_at = @probeAt,
      breaker_opened_at = @openedAt
    WHERE instance_id = +@instanceId AND hook_id = +@hookId`,
  // A delivery that moved to another lane meanwhile stays as it is there.
  settle: `UPDATE deliveries SET state = @state, attempts = @attempts, due_at = @dueAt, last_error = @lastError,
      updated_at = @now
    WHERE delivery_id = +@deliveryId AND instance_id = +@instanceId AND hook_id = +@hookId AND state = 'pending'`,
  known: "SELECT 1 FROM deliveries WHERE delivery_id = +? AND instance_id = +?",
  attempt: `INSERT INTO attempts (delivery_id, ordinal, at, duration_ms, status, error, answer, counted)
    SELECT @deliveryId, coalesce(max(ordinal), 0) + 1, @at, @durationMs, @status, @error, @answer, @counted
    FROM attempts WHERE delivery_id = +@deliveryId`,
} as const;

type Values = Readonly<Record<string, string | number | null>>;

/** What the claimer of a lane reads and writes. */
export function createDeliverySettle(context: SqliteContext): Pick<DeliveryStore, "pending" | "settle"> {
  const { db } = context;
  const pending = db.prepare<Values, DeliveryJoin>(deliverySettleSql.pending).expand();
  const owned = db.prepare<Values>(deliverySettleSql.owned);
  const putBreaker = db.prepare<Values>(deliverySettleSql.breaker);
  const settle = db.prepare<Values>(deliverySettleSql.settle);
  const known = db.prepare<[number, string]>(deliverySettleSql.known);
  const putAttempt = db.prepare<Values>(deliverySettleSql.attempt);
  const lanes = createLaneDue(db);

  const settleOne = (lane: { instanceId: string; hookId: string }, settlement: Settlement, now: number): void => {
    const { attempt, lastError, ...outcome } = settlement;
    const { changes } = settle.run({ ...lane, ...outcome, lastError: lastError ?? null, now });
    // The try happened even when its delivery has moved on; only a removed one has no history any more.
    if (attempt === undefined || (changes === 0 && known.get(outcome.deliveryId, lane.instanceId) === undefined))
      return;
    putAttempt.run({
      deliveryId: outcome.deliveryId,
      at: attempt.at,
      durationMs: Math.round(attempt.durationMs),
      status: attempt.status ?? null,
      error: attempt.error ?? null,
      answer: attempt.answer ?? null,
      counted: attempt.counted ? 1 : 0,
    });
  };

  return {
    pending: ({ lane, after, limit }) =>
      context.read(() =>
        pending
          .all({
            instanceId: lane.instanceId,
            hookId: lane.hookId,
            sequence: after?.sequence ?? 0,
            deliveryId: after?.deliveryId ?? 0,
            limit: Math.min(limit, 100),
          })
          .map(deliveryOf),
      ),
    settle: ({ lane, settlements, breaker, now }) =>
      context.write(() => {
        const { instanceId, hookId, fencingToken } = lane;
        if (owned.get({ instanceId, hookId, fencingToken }) === undefined) return false;
        for (const settlement of settlements) settleOne({ instanceId, hookId }, settlement, now);
        if (breaker !== undefined) putBreaker.run({ instanceId, hookId, ...breaker });
        lanes.refresh({ instanceId, hookId });
        return true;
      }),
  };
}
