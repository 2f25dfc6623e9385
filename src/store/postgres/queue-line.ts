import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const queueLineSql = statements("queue_line", {
  // Makes the line when it is the first, and takes its lock either way.
  open: `INSERT INTO queue_lines AS line (instance_id) VALUES ($1)
    ON CONFLICT (instance_id) DO UPDATE SET due_at = line.due_at WHERE false`,
  lock: "SELECT instance_id FROM queue_lines WHERE instance_id = $1 FOR UPDATE",
  // Only its head makes a line due: those behind it wait, whatever their own time. What is scheduled stands outside.
  refresh: `UPDATE queue_lines SET due_at = least(
      (SELECT due_at FROM queue WHERE NOT held AND instance_id = $1 ORDER BY sequence LIMIT 1),
      (SELECT min(scheduled_at) FROM queue WHERE held AND instance_id = $1))
    WHERE instance_id = $1`,
});

/*
 * Whoever changes what waits in a line holds its lock from before the change to the commit. So sequences become visible
 * in their order (no message is sent before one that was accepted earlier), and `queue_lines.due_at`, by which instances
 * with work are found, is never computed from less than what is there.
 */

/** What those of this process who want the line's lock wait for, see `Database.inTurn`. */
export function lineTurn(instanceId: string): string {
  return `queue of ${instanceId}`;
}

/** Takes the lock of the line, which is made when it is the first message's. */
export async function openLine(tx: Queries, instanceId: string): Promise<void> {
  await tx.run(queueLineSql.open, [instanceId]);
}

/** Takes the lock of the line; without a line nothing ever waited. */
export async function lockLine(tx: Queries, instanceId: string): Promise<void> {
  await tx.rows(queueLineSql.lock, [instanceId]);
}

/** Messages of the locked line changed: reads the earliest again. */
export async function refreshLine(tx: Queries, instanceId: string): Promise<void> {
  await tx.run(queueLineSql.refresh, [instanceId]);
}
