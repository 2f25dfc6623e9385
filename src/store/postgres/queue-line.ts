import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const queueLineSql = statements("queue_line", {
  // Makes the line when it is the first, and takes its lock either way.
  open: `INSERT INTO queue_lines AS line (instance_id) VALUES ($1)
    ON CONFLICT (instance_id) DO UPDATE SET due_at = line.due_at WHERE false`,
  lock: "SELECT instance_id FROM queue_lines WHERE instance_id = $1 FOR UPDATE",
  // A line is due when one of its chats is, which their heads say; what is scheduled stands outside.
  refresh: `UPDATE queue_lines SET due_at = least(
      (SELECT due_at FROM queue WHERE held = 0 AND instance_id = $1 ORDER BY sequence LIMIT 1),
      (SELECT min(due_at) FROM queue WHERE held = 2 AND instance_id = $1),
      (SELECT min(scheduled_at) FROM queue WHERE held = 1 AND instance_id = $1))
    WHERE instance_id = $1`,
  // The heads are the first that are not scheduled for later.
  standBehind: `UPDATE queue SET held = 3
    FROM unnest($2::text[]) AS chat (id)
    WHERE held <> 1 AND instance_id = $1 AND chat_id = chat.id AND held <> 3 AND sequence > (
      SELECT sequence FROM queue AS head
      WHERE head.held <> 1 AND head.instance_id = $1 AND head.chat_id = chat.id ORDER BY head.sequence LIMIT 1)`,
  promote: `UPDATE queue SET held = CASE WHEN due_at > $3 AND updated_at <= $3 THEN 2 ELSE 0 END
    WHERE held = 3 AND sequence = ANY(ARRAY(
      SELECT (SELECT sequence FROM queue
        WHERE held <> 1 AND instance_id = $1 AND chat_id = chat.id ORDER BY sequence LIMIT 1)
      FROM unnest($2::text[]) AS chat (id)))`,
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

/** The heads of these chats of the locked line may be gone: the next ones take their places. */
export async function promote(tx: Queries, { instanceId, chats, now }: Chats): Promise<void> {
  await tx.run(queueLineSql.promote, [instanceId, chats, now]);
}

/** Messages came back into chats of the locked line, marked as behind others: the first of each chat is its head. */
export async function rearrange(tx: Queries, input: Chats): Promise<void> {
  await Promise.all([tx.run(queueLineSql.standBehind, [input.instanceId, input.chats]), promote(tx, input)]);
}

interface Chats {
  readonly instanceId: string;
  readonly chats: readonly string[];
  readonly now: number;
}

/** Messages of the locked line changed: reads the earliest again. */
export async function refreshLine(tx: Queries, instanceId: string): Promise<void> {
  await tx.run(queueLineSql.refresh, [instanceId]);
}
