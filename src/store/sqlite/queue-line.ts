import type { Database } from "better-sqlite3";

// The first of a chat that is not scheduled for later.
const headOfChat = `(SELECT sequence FROM queue
    WHERE held <> 1 AND instance_id = +@instanceId AND chat_id = +@chatId ORDER BY sequence LIMIT 1)`;

/** SQL of this file, for the test that no statement scans a table. */
export const queueLineSql = {
  make: "INSERT INTO queue_lines (instance_id) VALUES (@instanceId) ON CONFLICT (instance_id) DO NOTHING",
  // A line is due when one of its chats is, which their heads say; what is scheduled stands outside.
  refresh: `UPDATE queue_lines SET due_at = (
      SELECT min(due_at) FROM (
        SELECT due_at FROM (
          SELECT due_at FROM queue WHERE held = 0 AND instance_id = +@instanceId ORDER BY sequence LIMIT 1)
        UNION ALL
        SELECT min(due_at) FROM queue WHERE held = 2 AND instance_id = +@instanceId
        UNION ALL
        SELECT min(scheduled_at) FROM queue WHERE held = 1 AND instance_id = +@instanceId))
    WHERE instance_id = +@instanceId`,
  standBehind: `UPDATE queue SET held = 3
    WHERE held <> 1 AND instance_id = +@instanceId AND chat_id = +@chatId AND held <> 3 AND sequence > ${headOfChat}`,
  promote: `UPDATE queue SET held = CASE WHEN due_at > @now AND updated_at <= @now THEN 2 ELSE 0 END
    WHERE held = 3 AND sequence = ${headOfChat}`,
} as const;

/** Keeps `queue_lines.due_at`, by which instances with work are found, and who of a chat is its head. */
export interface QueueLine {
  /** A message was added; makes the line when it is the first. */
  readonly added: (input: { instanceId: string }) => void;
  /** Messages of the line changed: reads the earliest again. */
  readonly refresh: (input: { instanceId: string }) => void;
  /** The head of a chat may be gone: the next one takes its place. */
  readonly promote: (input: Chat) => void;
  /** Messages came back into a chat, all of them marked as behind others: the first of them all is the head. */
  readonly rearrange: (input: Chat) => void;
}

interface Chat {
  readonly instanceId: string;
  readonly chatId: string;
  readonly now: number;
}

/** Prepares the statements; they run inside the caller's write. */
export function createQueueLine(db: Database): QueueLine {
  const make = db.prepare<{ instanceId: string }>(queueLineSql.make);
  const refresh = db.prepare<{ instanceId: string }>(queueLineSql.refresh);
  const standBehind = db.prepare<Omit<Chat, "now">>(queueLineSql.standBehind);
  const promote = db.prepare<Chat>(queueLineSql.promote);
  return {
    added: (input) => {
      make.run(input);
      refresh.run(input);
    },
    refresh: (input) => void refresh.run(input),
    promote: (input) => void promote.run(input),
    rearrange: ({ instanceId, chatId, now }) => {
      standBehind.run({ instanceId, chatId });
      promote.run({ instanceId, chatId, now });
    },
  };
}
