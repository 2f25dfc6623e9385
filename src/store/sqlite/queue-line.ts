import type { Database } from "better-sqlite3";

/** SQL of this file, for the test that no statement scans a table. */
export const queueLineSql = {
  make: "INSERT INTO queue_lines (instance_id) VALUES (@instanceId) ON CONFLICT (instance_id) DO NOTHING",
  // Only its head makes a line due: those behind it wait, whatever their own time. What is scheduled stands outside.
  refresh: `UPDATE queue_lines SET due_at = (
      SELECT min(due_at) FROM (
        SELECT due_at FROM (
          SELECT due_at FROM queue WHERE held = 0 AND instance_id = +@instanceId ORDER BY sequence LIMIT 1)
        UNION ALL
        SELECT min(scheduled_at) FROM queue WHERE held = 1 AND instance_id = +@instanceId))
    WHERE instance_id = +@instanceId`,
} as const;

/** Keeps `queue_lines.due_at`, by which instances with work are found without a look at the queue. */
export interface QueueLine {
  /** A message was added; makes the line when it is the first. */
  readonly added: (input: { instanceId: string }) => void;
  /** Messages of the line changed: reads the earliest again. */
  readonly refresh: (input: { instanceId: string }) => void;
}

/** Prepares the statements; they run inside the caller's write. */
export function createQueueLine(db: Database): QueueLine {
  const make = db.prepare<{ instanceId: string }>(queueLineSql.make);
  const refresh = db.prepare<{ instanceId: string }>(queueLineSql.refresh);
  return {
    added: (input) => {
      make.run(input);
      refresh.run(input);
    },
    refresh: (input) => void refresh.run(input),
  };
}
