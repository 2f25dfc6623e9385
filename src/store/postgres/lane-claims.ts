import type { BreakerRow, DeliveryStore, Lane } from "../deliveries.ts";
import type { PostgresContext } from "./context.ts";
import { statements } from "./statement.ts";

/** Claims of others; of one of them when it is named. */
const others = "owner IS NOT NULL AND owner <> $1 AND ($2::text IS NULL OR owner = $2)";
const mine = "instance_id = $1 AND hook_id = $2 AND owner IS NOT NULL AND fencing_token = $3";

/** Statements of this file, for the test that none scans a table. */
export const laneClaimsSql = statements("lane_claims", {
  // A lane that somebody else writes at this moment is passed over: it is claimed by them, or they wake it again.
  claim: `WITH due AS (
      SELECT instance_id, hook_id FROM lanes
      WHERE due_at <= $5 AND lease_until <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE lanes AS lane SET owner = $3, fencing_token = lane.fencing_token + 1, lease_until = $4
    FROM due WHERE lane.instance_id = due.instance_id AND lane.hook_id = due.hook_id
    RETURNING lane.instance_id AS "instanceId", lane.hook_id AS "hookId", lane.url,
      lane.fencing_token AS "fencingToken", lane.lease_until AS "leaseUntil", lane.breaker_state AS "state",
      lane.breaker_failures AS "failures", lane.breaker_probe_at AS "probeAt", lane.breaker_opened_at AS "openedAt",
      lane.due_at AS "dueAt"`,
  renew: `UPDATE lanes SET lease_until = $4 WHERE ${mine}`,
  release: `UPDATE lanes SET owner = NULL, lease_until = 0 WHERE ${mine}`,
  releaseOthers: `UPDATE lanes SET owner = NULL, lease_until = 0 WHERE ${others}`,
  lockOtherLines: `SELECT instance_id FROM queue_lines WHERE ${others} FOR UPDATE`,
  unsend: `UPDATE queue SET state = 'queued' WHERE state = 'sending' AND sequence = ANY(ARRAY(
    SELECT claimed_sequence FROM queue_lines WHERE ${others}))`,
  releaseOtherLines: `UPDATE queue_lines SET owner = NULL, lease_until = 0, claimed_sequence = NULL
    WHERE ${others}`,
  nextDueAt: `SELECT min(due_at) AS "dueAt" FROM lanes WHERE due_at IS NOT NULL AND lease_until <= $1`,
});

/** Claims on lanes: who delivers to which URL. */
export function createLaneClaims(
  context: PostgresContext,
): Pick<DeliveryStore, "claimLanes" | "renewLane" | "releaseLane" | "releaseOthers" | "nextDueAt"> {
  const { db } = context;

  return {
    claimLanes: async ({ owner, limit, leaseMs, now, dueBy = now }) => {
      const values = [now, Math.min(limit, 100), owner, now + leaseMs, dueBy];
      const rows = await db.rows<LaneColumns>(laneClaimsSql.claim, values);
      return [...rows].sort((a, b) => a.dueAt - b.dueAt).map(laneOf);
    },
    renewLane: async ({ lane, leaseMs, now }) =>
      (await db.run(laneClaimsSql.renew, [...keyOf(lane), now + leaseMs])) === 1,
    releaseLane: async ({ lane }) => void (await db.run(laneClaimsSql.release, keyOf(lane))),
    releaseOthers: ({ owner, dead }) =>
      db.transaction(async (tx) => {
        const whose = [owner, dead ?? null];
        const [, , lines, lanes] = await Promise.all([
          tx.rows(laneClaimsSql.lockOtherLines, whose),
          tx.run(laneClaimsSql.unsend, whose),
          tx.run(laneClaimsSql.releaseOtherLines, whose),
          tx.run(laneClaimsSql.releaseOthers, whose),
        ]);
        return lines + lanes;
      }),
    nextDueAt: async ({ now }) => {
      const [row] = await db.rows<{ dueAt: number | null }>(laneClaimsSql.nextDueAt, [now]);
      return row?.dueAt ?? undefined;
    },
  };
}

interface LaneColumns extends Omit<Lane, "breaker">, BreakerRow {
  readonly dueAt: number;
}

function laneOf(row: LaneColumns): Lane {
  const { state, failures, probeAt, openedAt, dueAt: _, ...lane } = row;
  return { ...lane, breaker: { state, failures, probeAt, openedAt } };
}

function keyOf({ instanceId, hookId, fencingToken }: Lane): readonly [string, string, number] {
  return [instanceId, hookId, fencingToken];
}
