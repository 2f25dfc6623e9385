import type { DeliveryStore, Settlement } from "../deliveries.ts";
import type { PostgresContext } from "./context.ts";
import { type DeliveryColumns, deliveryColumns, deliveryOfColumns } from "./delivery-rows.ts";
import { refreshLane } from "./lane-due.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const deliverySettleSql = statements("delivery_settle", {
  pending: `SELECT ${deliveryColumns} FROM deliveries AS d JOIN events AS e ON e.position = d.position
    WHERE d.state = 'pending' AND d.instance_id = $1 AND d.hook_id = $2 AND (d.sequence, d.delivery_id) > ($3, $4)
    ORDER BY d.sequence, d.delivery_id LIMIT $5`,
  // The lane's lock is that of its pending deliveries.
  own: `SELECT hook_id FROM lanes
    WHERE instance_id = $1 AND hook_id = $2 AND owner IS NOT NULL AND fencing_token = $3 FOR UPDATE`,
  breaker: `UPDATE lanes SET breaker_state = $3, breaker_failures = $4, breaker_probe_at = $5, breaker_opened_at = $6
    WHERE instance_id = $1 AND hook_id = $2`,
  // A delivery that moved to another lane meanwhile stays as it is there.
  settle: `UPDATE deliveries AS d SET state = s.state, attempts = s.attempts, due_at = s.due_at,
      last_error = s.last_error, updated_at = $3
    FROM unnest($4::bigint[], $5::text[], $6::int[], $7::bigint[], $8::text[])
      AS s (delivery_id, state, attempts, due_at, last_error)
    WHERE d.delivery_id = s.delivery_id AND d.instance_id = $1 AND d.hook_id = $2 AND d.state = 'pending'`,
  // Of a delivery that moved, the new lane may be recording a try as well; the lock keeps their numbers apart.
  lock: `SELECT delivery_id FROM deliveries WHERE delivery_id = ANY($2::bigint[]) AND instance_id = $1
    ORDER BY delivery_id FOR NO KEY UPDATE`,
  // The try happened even when its delivery has moved on; only a removed one has no history any more.
  attempts: `INSERT INTO attempts (delivery_id, ordinal, at, duration_ms, status, error, answer, counted)
    SELECT a.delivery_id,
      coalesce((SELECT max(ordinal) FROM attempts WHERE delivery_id = a.delivery_id), 0)
        + row_number() OVER (PARTITION BY a.delivery_id ORDER BY a.ordinal),
      a.at, a.duration_ms, a.status, a.error, a.answer, a.counted
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::text[], $7::text[], $8::boolean[])
      WITH ORDINALITY AS a (delivery_id, at, duration_ms, status, error, answer, counted, ordinal)
    WHERE EXISTS (SELECT 1 FROM deliveries AS d WHERE d.delivery_id = a.delivery_id AND d.instance_id = $1)`,
});

/** What the claimer of a lane reads and writes. */
export function createDeliverySettle(context: PostgresContext): Pick<DeliveryStore, "pending" | "settle"> {
  const { db } = context;

  return {
    pending: async ({ lane, after, limit }) => {
      const { instanceId, hookId } = lane;
      const from = [after?.sequence ?? 0, after?.deliveryId ?? 0];
      const values = [instanceId, hookId, ...from, Math.min(limit, 100)];
      return (await db.rows<DeliveryColumns>(deliverySettleSql.pending, values)).map(deliveryOfColumns);
    },
    settle: ({ lane, settlements, breaker, now }) =>
      db.transaction(async (tx) => {
        const { instanceId, hookId, fencingToken } = lane;
        // All of it travels together, behind the lock of the lane. Where the lane is lost, all of it is undone.
        const [owned] = await Promise.all([
          tx.rows(deliverySettleSql.own, [instanceId, hookId, fencingToken]),
          settleAll(tx, lane, { settlements, now }),
          recordAttempts(tx, instanceId, settlements),
          breaker === undefined
            ? undefined
            : tx.run(deliverySettleSql.breaker, [
                instanceId,
                hookId,
                breaker.state,
                breaker.failures,
                breaker.probeAt,
                breaker.openedAt,
              ]),
          refreshLane(tx, instanceId, hookId),
        ]);
        return owned.length === 1 ? true : tx.undo(false);
      }),
  };
}

async function settleAll(
  tx: Queries,
  lane: { readonly instanceId: string; readonly hookId: string },
  input: { readonly settlements: readonly Settlement[]; readonly now: number },
): Promise<void> {
  const rows = lastWords(input.settlements);
  if (rows.length === 0) return;
  await tx.run(deliverySettleSql.settle, [
    lane.instanceId,
    lane.hookId,
    input.now,
    rows.map(({ deliveryId }) => deliveryId),
    rows.map(({ state }) => state),
    rows.map(({ attempts }) => attempts),
    rows.map(({ dueAt }) => dueAt),
    rows.map(({ lastError }) => lastError ?? null),
  ]);
}

/** One settlement per delivery: the last one, unless an earlier one was final. */
function lastWords(settlements: readonly Settlement[]): readonly Settlement[] {
  const words = new Map<number, Settlement>();
  for (const settlement of settlements) {
    const before = words.get(settlement.deliveryId);
    if (before === undefined || before.state === "pending") words.set(settlement.deliveryId, settlement);
  }
  return [...words.values()];
}

async function recordAttempts(tx: Queries, instanceId: string, settlements: readonly Settlement[]): Promise<void> {
  const rows = settlements.flatMap(({ deliveryId, attempt }) =>
    attempt === undefined ? [] : [{ deliveryId, attempt }],
  );
  if (rows.length === 0) return;
  const deliveryIds = rows.map(({ deliveryId }) => deliveryId);
  await Promise.all([
    tx.rows(deliverySettleSql.lock, [instanceId, deliveryIds]),
    tx.run(deliverySettleSql.attempts, [
      instanceId,
      deliveryIds,
      rows.map(({ attempt }) => attempt.at),
      rows.map(({ attempt }) => Math.round(attempt.durationMs)),
      rows.map(({ attempt }) => attempt.status ?? null),
      rows.map(({ attempt }) => attempt.error ?? null),
      rows.map(({ attempt }) => attempt.answer ?? null),
      rows.map(({ attempt }) => attempt.counted),
    ]),
  ]);
}
