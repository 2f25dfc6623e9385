import type { QueueState, QueueStore } from "../queue.ts";
import type { SqliteContext } from "./context.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const queueListsSql = {
  byId: `SELECT ${queueColumns} FROM queue WHERE instance_id = +? AND zaap_id = +?`,
  byMessage: `SELECT ${queueColumns} FROM queue WHERE instance_id = +? AND message_id = +? ORDER BY sequence DESC LIMIT 1`,
  bySequence: `SELECT ${queueColumns} FROM queue WHERE sequence = +?`,
  // One state at a time: over several SQLite would sort all of them for every page.
  sequences:
    "SELECT sequence FROM queue WHERE instance_id = +? AND state = +? AND sequence > +? ORDER BY sequence LIMIT +?",
  count: 'SELECT count(*) AS "total" FROM queue WHERE instance_id = +? AND state = +?',
} as const;

/** What routes and operators see of the queue. */
export function createQueueLists(context: SqliteContext): Pick<QueueStore, "get" | "byMessageId" | "list" | "count"> {
  const { db } = context;
  const byId = db.prepare<[string, string], QueueColumns>(queueListsSql.byId);
  const byMessage = db.prepare<[string, string], QueueColumns>(queueListsSql.byMessage);
  const bySequence = db.prepare<[number], QueueColumns>(queueListsSql.bySequence);
  const sequences = db.prepare<[string, QueueState, number, number], { sequence: number }>(queueListsSql.sequences);
  const total = db.prepare<[string, QueueState], { total: number }>(queueListsSql.count);

  const one = (row: QueueColumns | undefined) => (row === undefined ? undefined : queuedMessageOf(row));

  return {
    get: ({ instanceId, zaapId }) => context.read(() => one(byId.get(instanceId, zaapId))),
    byMessageId: ({ instanceId, messageId }) => context.read(() => one(byMessage.get(instanceId, messageId))),
    list: ({ instanceId, states, after = 0, offset = 0, limit }) =>
      context.read(() =>
        [...new Set(states)]
          .flatMap((state) => sequences.all(instanceId, state, after, offset + limit))
          .map(({ sequence }) => sequence)
          .sort((a, b) => a - b)
          .slice(offset, offset + limit)
          .map((sequence) => bySequence.get(sequence))
          .filter((row) => row !== undefined)
          .map(queuedMessageOf),
      ),
    count: ({ instanceId, states }) =>
      context.read(() =>
        [...new Set(states)].reduce((sum, state) => sum + (total.get(instanceId, state)?.total ?? 0), 0),
      ),
  };
}
