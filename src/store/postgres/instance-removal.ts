import type { PostgresContext } from "./context.ts";
import { removeSessionRows } from "./session-rows.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction: short enough that the database never has to keep old versions for long. */
const stepRows = 5_000;

const all = (table: string): string => `DELETE FROM ${table} WHERE instance_id = $1`;
const some = (table: string): string => `DELETE FROM ${table}
  WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE instance_id = $1 LIMIT ${stepRows}))`;

/** Rows that make something due or let somebody write: they go with the instance's own row, at once. */
const atOnce = statements("instance_removal", {
  instance: all("instances"),
  lanes: all("lanes"),
  lines: all("queue_lines"),
  chatLimits: all("chat_limits"),
  keys: all("idempotency_keys"),
});

/** The rest goes in steps. */
const inSteps = statements("instance_removal", {
  deliveries: `WITH gone AS (
      DELETE FROM deliveries
      WHERE ctid = ANY(ARRAY(SELECT ctid FROM deliveries WHERE instance_id = $1 LIMIT ${stepRows}))
      RETURNING delivery_id
    ), forgotten AS (
      DELETE FROM attempts WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM gone))
    )
    SELECT delivery_id FROM gone`,
  events: some("events"),
  queue: some("queue"),
  messages: some("messages"),
  steps: some("message_steps"),
  pairs: some("lid_pairs"),
  contacts: some("contacts"),
  chats: some("chats"),
  history: some("connection_history"),
  audit: some("settings_audit"),
  media: some("media"),
  mediaUses: some("media_uses"),
});

const notes = statements("instance_removal", {
  // Whoever writes rows of the instance holds the lock of this row, so none comes after it is gone.
  counter: all("instance_counters"),
  note: "INSERT INTO instance_removals (instance_id) VALUES ($1) ON CONFLICT (instance_id) DO NOTHING",
  noteDone: all("instance_removals"),
  noted: 'SELECT instance_id AS "instanceId" FROM instance_removals',
});

/** Statements of this file, for the test that none scans a table. */
export const instanceRemovalSql = { ...atOnce, ...inSteps, counter: notes.counter, noteDone: notes.noteDone };

/** Removes instances with all their rows. */
export interface InstanceRemoval {
  /** False when the instance is unknown. Resolves when nothing of it is left. */
  readonly remove: (instanceId: string) => Promise<boolean>;
  /** Finishes removals that a crash cut off; stops between two steps when the signal aborts. */
  readonly resume: (signal: AbortSignal) => Promise<void>;
}

/**
 * A removal is noted in the transaction that takes the instance's own row, and the note goes when the last of its rows
 * is gone: a crash in between leaves a note and no orphans. Several processes may work on the same note.
 */
export function createInstanceRemoval(context: PostgresContext): InstanceRemoval {
  const { db, session } = context;

  const begin = (instanceId: string): Promise<boolean> =>
    db.transaction(async (tx) => {
      if ((await tx.run(notes.counter, [instanceId])) === 0) return false;
      await tx.run(notes.note, [instanceId]);
      for (const statement of Object.values(atOnce)) await tx.run(statement, [instanceId]);
      return true;
    });

  const finish = async (instanceId: string, signal?: AbortSignal): Promise<void> => {
    if (session === undefined) await removeSessionRows(db, instanceId);
    else await session.remove(instanceId);
    for (const statement of Object.values(inSteps)) {
      do {
        if (signal?.aborted === true) return;
      } while ((await db.run(statement, [instanceId])) === stepRows);
    }
    await db.run(notes.noteDone, [instanceId]);
  };

  return {
    remove: async (instanceId) => {
      const known = await begin(instanceId);
      if (known) await finish(instanceId);
      return known;
    },
    resume: async (signal) => {
      const left = await db.rows<{ instanceId: string }>(notes.noted, []);
      for (const { instanceId } of left) await finish(instanceId, signal);
    },
  };
}
