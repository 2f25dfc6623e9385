import type { RetentionStore } from "../retention.ts";
import type { PostgresContext } from "./context.ts";
import { createEventSweep } from "./event-sweep.ts";
import { pruneJournal } from "./session-rows.ts";
import { createQueueSweep } from "./queue-sweep.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table: what goes by its age alone. */
export const retentionSql = statements("retention", {
  messages: `DELETE FROM messages WHERE row_id IN (
    SELECT row_id FROM messages WHERE stored_at <= $1 ORDER BY stored_at LIMIT $2)`,
  messageSteps: `DELETE FROM message_steps WHERE (instance_id, message_id, status, participant) IN (
    SELECT instance_id, message_id, status, participant FROM message_steps
    WHERE stored_at <= $1 ORDER BY stored_at LIMIT $2)`,
  connectionHistory: `DELETE FROM connection_history WHERE history_id IN (
    SELECT history_id FROM connection_history WHERE at <= $1 ORDER BY at LIMIT $2)`,
  idempotencyKeys: `DELETE FROM idempotency_keys WHERE (instance_id, key) IN (
    SELECT instance_id, key FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`,
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
