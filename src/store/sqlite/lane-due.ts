import type { Database } from "better-sqlite3";

/** SQL of this file, for the test that no statement scans a table. */
export const laneDueSql = {
  wake: `INSERT INTO lanes (instance_id, hook_id, url, due_at) VALUES (@instanceId, @hookId, @url, @dueAt)
    ON CONFLICT (instance_id, hook_id)
    DO UPDATE SET due_at = min(coalesce(due_at, excluded.due_at), excluded.due_at)`,
  refresh: `UPDATE lanes SET due_at = (
      SELECT min(due_at) FROM deliveries
      WHERE state = 'pending' AND instance_id = +@instanceId AND hook_id = +@hookId)
    WHERE instance_id = +@instanceId AND hook_id = +@hookId`,
} as const;

/** Keeps `lanes.due_at`, by which lanes with work are found without a look at deliveries. */
export interface LaneDue {
  /** A delivery due at `dueAt` was added; makes the lane when it is the first. */
  readonly wake: (input: { instanceId: string; hookId: string; url: string; dueAt: number }) => void;
  /** Deliveries of the lane changed: reads the earliest again. */
  readonly refresh: (input: { instanceId: string; hookId: string }) => void;
}

/** Prepares the statements; they run inside the caller's write. */
export function createLaneDue(db: Database): LaneDue {
  const wake = db.prepare<Parameters<LaneDue["wake"]>[0]>(laneDueSql.wake);
  const refresh = db.prepare<Parameters<LaneDue["refresh"]>[0]>(laneDueSql.refresh);
  return {
    wake: (input) => void wake.run(input),
    refresh: (input) => void refresh.run(input),
  };
}
