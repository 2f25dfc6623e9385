import type { RetentionPolicy, RetentionStore } from "../retention.ts";
import type { SqliteContext } from "./context.ts";
import { createEventSweep } from "./event-sweep.ts";
import { createQueueSweep } from "./queue-sweep.ts";

/** What goes by its age alone. */
const byAge = {
  // What is pending keeps `settled_at` null.
  settledJournal: {
    policy: "settledJournalMs",
    sql: `DELETE FROM journal WHERE settled_at IS NOT NULL AND journal_id IN (
      SELECT journal_id FROM journal WHERE settled_at IS NOT NULL AND settled_at <= +@before
      ORDER BY settled_at LIMIT +@limit)`,
  },
  messages: {
    policy: "messagesMs",
    sql: `DELETE FROM messages WHERE row_id IN (
      SELECT row_id FROM messages WHERE stored_at <= +@before ORDER BY stored_at LIMIT +@limit)`,
  },
  messageSteps: {
    policy: "messagesMs",
    sql: `DELETE FROM message_steps WHERE (instance_id, message_id, status, participant) IN (
      SELECT instance_id, message_id, status, participant FROM message_steps
      WHERE stored_at <= +@before ORDER BY stored_at LIMIT +@limit)`,
  },
  connectionHistory: {
    policy: "connectionHistoryMs",
    sql: `DELETE FROM connection_history WHERE history_id IN (
      SELECT history_id FROM connection_history WHERE at <= +@before ORDER BY at LIMIT +@limit)`,
  },
} as const satisfies Record<string, { readonly policy: keyof RetentionPolicy; readonly sql: string }>;

/** SQL of this file, for the test that no statement scans a table. */
export const retentionSql = {
  settledJournal: byAge.settledJournal.sql,
  messages: byAge.messages.sql,
  messageSteps: byAge.messageSteps.sql,
  connectionHistory: byAge.connectionHistory.sql,
  idempotencyKeys: `DELETE FROM idempotency_keys WHERE (instance_id, key) IN (
    SELECT instance_id, key FROM idempotency_keys WHERE expires_at <= +@before ORDER BY expires_at LIMIT +@limit)`,
} as const;

/** Removes what is old and finished from SQLite. */
export function createRetention(context: SqliteContext): RetentionStore {
  const { db } = context;
  const prepare = (sql: string) => db.prepare<{ before: number; limit: number }>(sql);
  const keys = prepare(retentionSql.idempotencyKeys);
  const aged = Object.entries(byAge).map(([kind, { policy, sql }]) => ({ kind, policy, statement: prepare(sql) }));
  const sweepEvents = createEventSweep(context);
  const sweepQueue = createQueueSweep(context);

  return {
    prune: async ({ policy, limit, now }) => {
      const removed: Record<string, number> = {};
      for (const { kind, policy: key, statement } of aged) {
        const before = now - policy[key];
        removed[kind] = await context.write(() => statement.run({ before, limit }).changes);
      }
      // Keys before the messages they keep, dead letters before the events they keep.
      removed["idempotencyKeys"] = await context.write(() => keys.run({ before: now, limit }).changes);
      Object.assign(removed, await sweepQueue({ policy, limit, now }), await sweepEvents({ policy, limit, now }));
      return removed;
    },
  };
}
