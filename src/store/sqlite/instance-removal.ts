import type { SqliteContext } from "./context.ts";

/** Rows of one transaction: short enough that others hardly wait. */
const stepRows = 2_000;

/** Tables that make something due or let somebody write: they go with the instance's row, at once. */
const firstTables = [
  "instances",
  "instance_counters",
  "lanes",
  "queue_lines",
  "chat_limits",
  "auth_fences",
  "auth_creds",
  "idempotency_keys",
] as const;

/** The rest goes in steps. Each with its key columns. */
const laterTables = [
  ["auth_keys", "instance_id, type, key_id"],
  ["journal", "journal_id"],
  ["deliveries", "delivery_id"],
  ["events", "position"],
  ["queue", "sequence"],
  ["messages", "row_id"],
  ["message_steps", "instance_id, message_id, status, participant"],
  ["lid_pairs", "ordinal"],
  ["contacts", "instance_id, contact_id"],
  ["chats", "instance_id, chat_id"],
  ["connection_history", "history_id"],
  ["settings_audit", "audit_id"],
  ["media_uses", "media_id, instance_id, zaap_id"],
  ["media", "media_id"],
] as const;

/** Removes instances with all their rows. */
export interface InstanceRemoval {
  /** False when the instance is unknown. Resolves when nothing of it is left. */
  readonly remove: (instanceId: string) => Promise<boolean>;
  /** Finishes removals that a crash cut off; stops between two steps when the signal aborts. */
  readonly resume: (signal: AbortSignal) => Promise<void>;
}

/**
 * A removal is noted in the transaction that takes the instance's own row, and the note goes when the last of its rows
 * is gone: a crash in between leaves a note and no orphans.
 */
export function createInstanceRemoval(context: SqliteContext): InstanceRemoval {
  const { db } = context;
  const isKnown = db.prepare<[string]>("SELECT 1 FROM instances WHERE instance_id = +?");
  const note = db.prepare<[string]>("INSERT OR IGNORE INTO instance_removals (instance_id) VALUES (?)");
  const noteDone = db.prepare<[string]>("DELETE FROM instance_removals WHERE instance_id = +?");
  const noted = db.prepare<[], { instanceId: string }>('SELECT instance_id AS "instanceId" FROM instance_removals');
  const first = firstTables.map((table) => db.prepare<[string]>(`DELETE FROM ${table} WHERE instance_id = +?`));
  const attempts = db.prepare<[string]>(
    `DELETE FROM attempts WHERE delivery_id IN (
       SELECT delivery_id FROM deliveries WHERE instance_id = +? ORDER BY delivery_id LIMIT ${stepRows})`,
  );
  const later = laterTables.map(([table, key]) =>
    db.prepare<[string]>(
      `DELETE FROM ${table} WHERE (${key}) IN (
         SELECT ${key} FROM ${table} WHERE instance_id = +? ORDER BY ${key} LIMIT ${stepRows})`,
    ),
  );

  const finish = async (instanceId: string, signal?: AbortSignal): Promise<void> => {
    for (const [index, statement] of later.entries()) {
      for (;;) {
        if (signal?.aborted === true) return;
        const removed = await context.write(() => {
          if (laterTables[index]?.[0] === "deliveries") attempts.run(instanceId);
          return statement.run(instanceId).changes;
        });
        if (removed < stepRows) break;
      }
    }
    await context.write(() => noteDone.run(instanceId));
  };

  return {
    remove: async (instanceId) => {
      const known = await context.write(() => {
        if (isKnown.get(instanceId) === undefined) return false;
        note.run(instanceId);
        for (const statement of first) statement.run(instanceId);
        return true;
      });
      if (known) await finish(instanceId);
      return known;
    },
    resume: async (signal) => {
      const left = await context.read(() => noted.all());
      for (const { instanceId } of left) await finish(instanceId, signal);
    },
  };
}
