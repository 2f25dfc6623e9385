import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const laneDueSql = statements("lane_due", {
  lock: `SELECT hook_id FROM lanes WHERE instance_id = $1 AND hook_id = ANY($2::text[]) ORDER BY hook_id FOR UPDATE`,
  // Of a lane that is due earlier already only the lock is taken.
  wake: `INSERT INTO lanes (instance_id, hook_id, url, due_at)
    SELECT lane.instance_id, lane.hook_id, lane.url, $4
    FROM unnest($1::text[], $2::text[], $3::text[]) AS lane (instance_id, hook_id, url)
    ORDER BY lane.instance_id, lane.hook_id
    ON CONFLICT (instance_id, hook_id) DO UPDATE SET due_at = excluded.due_at
    WHERE lanes.due_at IS NULL OR lanes.due_at > excluded.due_at`,
  refresh: `UPDATE lanes SET due_at = (
      SELECT min(due_at) FROM deliveries WHERE state = 'pending' AND instance_id = $1 AND hook_id = $2)
    WHERE instance_id = $1 AND hook_id = $2`,
});

/** A lane to be woken. */
export interface WokenLane {
  readonly instanceId: string;
  readonly hookId: string;
  readonly url: string;
}

/** Keeps lanes of an instance from changing until the transaction ends. */
export async function lockLanes(tx: Queries, instanceId: string, hookIds: readonly string[]): Promise<void> {
  await tx.rows(laneDueSql.lock, [instanceId, hookIds]);
}

/** Deliveries due at `dueAt` were added to these lanes; makes a lane when it is the first. */
export async function wakeLanes(tx: Queries, lanes: readonly WokenLane[], dueAt: number): Promise<void> {
  const distinct = [...new Map(lanes.map((lane) => [`${lane.instanceId}/${lane.hookId}`, lane])).values()];
  if (distinct.length === 0) return;
  await tx.run(laneDueSql.wake, [
    distinct.map(({ instanceId }) => instanceId),
    distinct.map(({ hookId }) => hookId),
    distinct.map(({ url }) => url),
    dueAt,
  ]);
}

/**
 * Deliveries of the lane changed: reads the earliest again. The lane must be locked by an earlier statement, else a
 * delivery that another transaction adds at this moment is overlooked.
 */
export async function refreshLane(tx: Queries, instanceId: string, hookId: string): Promise<void> {
  await tx.run(laneDueSql.refresh, [instanceId, hookId]);
}
