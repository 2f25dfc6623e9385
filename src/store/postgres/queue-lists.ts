import type { QueueStore } from "../queue.ts";
import type { PostgresContext } from "./context.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";
import { type Statement, statements, type Value } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const queueListsSql = statements("queue_lists", {
  byId: `SELECT ${queueColumns} FROM queue WHERE instance_id = $1 AND zaap_id = $2`,
  byMessage: `SELECT ${queueColumns} FROM queue WHERE instance_id = $1 AND message_id = $2
    ORDER BY sequence DESC LIMIT 1`,
  // One state at a time, each in the order of its index: over several at once all of them would be sorted for a page.
  list: `SELECT ${queueColumns} FROM queue WHERE sequence = ANY(ARRAY(
      SELECT page.sequence FROM unnest($2::text[]) AS wanted (state)
        CROSS JOIN LATERAL (
          SELECT sequence FROM queue WHERE instance_id = $1 AND state = wanted.state AND sequence > $3
          ORDER BY sequence LIMIT $4::bigint + $5::bigint) AS page
      ORDER BY page.sequence LIMIT $4 OFFSET $5))
    ORDER BY sequence`,
  count: 'SELECT count(*) AS "total" FROM queue WHERE instance_id = $1 AND state = ANY($2::text[])',
});

/** What routes and operators see of the queue. */
export function createQueueLists(context: PostgresContext): Pick<QueueStore, "get" | "byMessageId" | "list" | "count"> {
  const { db } = context;

  const one = async (statement: Statement, values: readonly Value[]) => {
    const [row] = await db.rows<QueueColumns>(statement, values);
    return row === undefined ? undefined : queuedMessageOf(row);
  };

  return {
    get: ({ instanceId, zaapId }) => one(queueListsSql.byId, [instanceId, zaapId]),
    byMessageId: ({ instanceId, messageId }) => one(queueListsSql.byMessage, [instanceId, messageId]),
    list: async ({ instanceId, states, after = 0, offset = 0, limit }) => {
      const values = [instanceId, [...new Set(states)], after, limit, offset];
      return (await db.rows<QueueColumns>(queueListsSql.list, values)).map(queuedMessageOf);
    },
    count: async ({ instanceId, states }) => {
      const [row] = await db.rows<{ total: number }>(queueListsSql.count, [instanceId, states]);
      return row?.total ?? 0;
    },
  };
}
