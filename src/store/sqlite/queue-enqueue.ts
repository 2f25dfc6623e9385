import { WazapiError } from "#domain/errors.ts";
import { filesOf } from "#domain/outgoing/files-of.ts";
import type { QueueStore } from "../queue.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { createPutMedia } from "./put-media.ts";
import { createPutRecords } from "./put-records.ts";
import { createQueueLine } from "./queue-line.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const queueEnqueueSql = {
  known: `SELECT request_hash AS "requestHash", zaap_id AS "zaapId" FROM idempotency_keys
    WHERE instance_id = +? AND key = +? AND expires_at > +?`,
  first: `SELECT ${queueColumns} FROM queue WHERE instance_id = +? AND zaap_id = +?`,
  // Counts no further than the limit, however many wait.
  waiting: `SELECT count(*) AS "total" FROM (
    SELECT 1 FROM queue WHERE held <> 1 AND instance_id = +@instanceId
    UNION ALL SELECT 1 FROM queue WHERE held = 1 AND instance_id = +@instanceId LIMIT +@maxWaiting)`,
  // Outside until its time, behind others of its chat, set aside until it is due, or in the line.
  insert: `INSERT INTO queue (instance_id, zaap_id, message_id, chat_id, outgoing, state, attempts, due_at, scheduled_at,
      held, delay_ms, typing_ms, created_at, updated_at)
    VALUES (@instanceId, @zaapId, @messageId, @chatId, @document, 'queued', 0, @dueAt, @scheduledAt,
      CASE WHEN @scheduledAt > +@now THEN 1
        WHEN EXISTS (SELECT 1 FROM queue WHERE held <> 1 AND instance_id = +@instanceId AND chat_id = +@chatId) THEN 3
        WHEN @dueAt > +@now THEN 2 ELSE 0 END,
      @delayMs, @typingMs, @createdAt, @now) RETURNING ${queueColumns}`,
  // A key that has run out may be used again.
  remember: `INSERT INTO idempotency_keys (instance_id, key, request_hash, zaap_id, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (instance_id, key) DO UPDATE SET
      request_hash = excluded.request_hash, zaap_id = excluded.zaap_id, expires_at = excluded.expires_at`,
} as const;

/** Accepts messages into the queue. Throws `instance_not_found` beside what the port names. */
export function createQueueEnqueue(context: SqliteContext): Pick<QueueStore, "enqueue" | "accepted"> {
  const { db } = context;
  const known = db.prepare<[string, string, number], { requestHash: string; zaapId: string }>(queueEnqueueSql.known);
  const first = db.prepare<[string, string], QueueColumns>(queueEnqueueSql.first);
  const waiting = db.prepare<{ instanceId: string; maxWaiting: number }, { total: number }>(queueEnqueueSql.waiting);
  const insert = db.prepare<Readonly<Record<string, string | number | null>>, QueueColumns>(queueEnqueueSql.insert);
  const remember = db.prepare<(string | number)[]>(queueEnqueueSql.remember);
  const assertKnown = createInstanceGuard(db);
  const line = createQueueLine(db);
  const put = createPutRecords(context);
  const files = createPutMedia(db);

  type Input = Parameters<QueueStore["enqueue"]>[0];

  const acceptedWith = (asked: Parameters<QueueStore["accepted"]>[0]): QueueColumns | undefined => {
    const found = known.get(asked.instanceId, asked.key, asked.now);
    if (found === undefined) return undefined;
    if (found.requestHash !== asked.requestHash) throw new WazapiError("idempotency_conflict");
    return first.get(asked.instanceId, found.zaapId);
  };
  const acceptedBefore = ({ message, idempotency, now }: Input): QueueColumns | undefined =>
    idempotency && acceptedWith({ instanceId: message.instanceId, ...idempotency, now });

  const assertRoom = ({ message, maxWaiting }: Input): void => {
    if (maxWaiting === undefined) return;
    const total = waiting.get({ instanceId: message.instanceId, maxWaiting })?.total ?? 0;
    if (total >= maxWaiting) throw new WazapiError("queue_full", { details: { maxWaiting } });
  };

  return {
    accepted: (asked) =>
      context.read(() => {
        const row = acceptedWith(asked);
        return row && queuedMessageOf(row);
      }),
    enqueue: (input) => {
      const { message, idempotency, now } = input;
      const { instanceId, zaapId, messageId, outgoing } = message;
      const document = JSON.stringify(outgoing);
      return context.write(() => {
        assertKnown(instanceId);
        const before = acceptedBefore(input);
        if (before !== undefined) return { message: queuedMessageOf(before), created: false };
        assertRoom(input);
        const row = insert.get({
          instanceId,
          zaapId,
          messageId,
          chatId: message.chatId ?? outgoing.to,
          document,
          dueAt: message.dueAt,
          scheduledAt: message.scheduledAt ?? null,
          delayMs: message.delayMs ?? null,
          typingMs: message.typingMs,
          createdAt: message.createdAt,
          now,
        });
        if (row === undefined) throw new WazapiError("storage", { message: "the queue took no row" });
        put.steps(instanceId, [{ messageId, chatId: outgoing.to, status: "queued", at: now }]);
        if (idempotency !== undefined) {
          remember.run(instanceId, idempotency.key, idempotency.requestHash, zaapId, idempotency.expiresAt);
        }
        files.used(
          message,
          filesOf(outgoing.content).map(({ mediaId }) => mediaId),
        );
        line.added({ instanceId });
        return { message: queuedMessageOf(row), created: true };
      });
    },
  };
}
