import type { RetentionStore } from "../retention.ts";
import type { PostgresContext } from "./context.ts";
import { createEventSweep } from "./event-sweep.ts";
import { pruneJournal } from "./session-rows.ts";
import { createQueueSweep } from "./queue-sweep.ts";
import { statements } from "./statement.ts";

/**
 * The oldest rows of a table. Found first and then deleted by their place: the planner, which does not know the limit,
 * would else join the whole table.
 */
const oldest = (table: string, age: string): string => `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM ${table} WHERE ${age} <= $1 ORDER BY ${age} LIMIT $2))`;

/** Statements of this file, for the test that none scans a table: what goes by its age alone. */
export const retentionSql = statements("retention", {
  messages: oldest("messages", "stored_at"),
  messageSteps: oldest("message_steps", "stored_at"),
  connectionHistory: oldest("connection_history", "at"),
  idempotencyKeys: oldest("idempotency_keys", "expires_at"),
});

/** Removes what is old and finished from Postgres. */
export function createRetention(context: PostgresContext): RetentionStore {
  const { db, session } = context;
  const sweepEvents = createEventSweep(context);
  const sweepQueue = createQueueSweep(context);

  const prunedJournal = (before: number, limit: number): Promise<number> =>
    session === undefined ? pruneJournal(db, { before, limit }) : session.pruneJournal({ before, limit });

  return {
    prune: async ({ policy, limit, now }) => {
      const removed: Record<string, number> = {
        settledJournal: await prunedJournal(now - policy.settledJournalMs, limit),
        messages: await db.run(retentionSql.messages, [now - policy.messagesMs, limit]),
        messageSteps: await db.run(retentionSql.messageSteps, [now - policy.messagesMs, limit]),
        connectionHistory: await db.run(retentionSql.connectionHistory, [now - policy.connectionHistoryMs, limit]),
        // Keys before the messages they keep, dead letters before the events they keep.
        idempotencyKeys: await db.run(retentionSql.idempotencyKeys, [now, limit]),
      };
      Object.assign(removed, await sweepQueue({ policy, limit, now }), await sweepEvents({ policy, limit, now }));
      return removed;
    },
  };
}
