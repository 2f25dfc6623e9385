import { WazapiError } from "#domain/errors.ts";
import { filesOf } from "#domain/outgoing/files-of.ts";
import type { QueueStore } from "../queue.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance } from "./instance-lock.ts";
import { putMediaUses } from "./put-media.ts";
import { putSteps } from "./put-records.ts";
import type { Queries } from "./queries.ts";
import { lineTurn, openLine, refreshLine } from "./queue-line.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const queueEnqueueSql = statements("queue_enqueue", {
  known: `SELECT request_hash AS "requestHash", zaap_id AS "zaapId" FROM idempotency_keys
    WHERE instance_id = $1 AND key = $2 AND expires_at > $3`,
  first: `SELECT ${queueColumns} FROM queue WHERE instance_id = $1 AND zaap_id = $2`,
  // Counts no further than the limit, however many wait.
  waiting: `SELECT count(*) AS "total" FROM (
    (SELECT 1 FROM queue WHERE held <> 1 AND instance_id = $1 LIMIT $2)
    UNION ALL (SELECT 1 FROM queue WHERE held = 1 AND instance_id = $1 LIMIT $2)) AS found`,
  // Outside until its time, behind others of its chat, set aside until it is due, or in the line.
  insert: `INSERT INTO queue (instance_id, zaap_id, message_id, outgoing, state, attempts, due_at, scheduled_at, held,
      delay_ms, typing_ms, created_at, updated_at, chat_id)
    VALUES ($1, $2, $3, $4::text::json, 'queued', 0, $5, $6,
      CASE WHEN $6::bigint > $10::bigint THEN 1
        WHEN EXISTS (SELECT 1 FROM queue WHERE held <> 1 AND instance_id = $1 AND chat_id = $11) THEN 3
        WHEN $5::bigint > $10::bigint THEN 2 ELSE 0 END,
      $7, $8, $9, $10, $11)
    ON CONFLICT (instance_id, zaap_id) DO NOTHING RETURNING ${queueColumns}`,
  // A key that has run out may be used again.
  remember: `INSERT INTO idempotency_keys (instance_id, key, request_hash, zaap_id, expires_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (instance_id, key) DO UPDATE SET
      request_hash = excluded.request_hash, zaap_id = excluded.zaap_id, expires_at = excluded.expires_at`,
});

type Input = Parameters<QueueStore["enqueue"]>[0];

/** Accepts messages into the queue. Throws `instance_not_found` beside what the port names. */
export function createQueueEnqueue(context: PostgresContext): Pick<QueueStore, "enqueue" | "accepted"> {
  return {
    accepted: async (asked) => {
      const row = await acceptedWith(context.db, asked);
      return row && queuedMessageOf(row);
    },
    enqueue: (input) =>
      context.db.inTurn(lineTurn(input.message.instanceId), async (tx) => {
        const { message, maxWaiting, now } = input;
        const { instanceId, messageId, outgoing } = message;
        // All of it travels together. Where the message turns out to be known, or one too many, all of it is undone.
        const [, , before, total, row] = await Promise.all([
          lockInstance(tx, instanceId),
          openLine(tx, instanceId),
          acceptedBefore(tx, input),
          waiting(tx, input),
          insert(tx, input),
          putSteps(tx, {
            instanceId,
            steps: [{ messageId, chatId: outgoing.to, status: "queued", at: now }],
            storedAt: context.clock.now(),
          }),
          remember(tx, input),
          putMediaUses(
            tx,
            message,
            filesOf(outgoing.content).map(({ mediaId }) => mediaId),
          ),
          refreshLine(tx, instanceId),
        ]);
        if (before !== undefined) return tx.undo({ message: queuedMessageOf(before), created: false });
        if (maxWaiting !== undefined && total >= maxWaiting) {
          throw new WazapiError("queue_full", { details: { maxWaiting } });
        }
        if (row === undefined) throw new WazapiError("conflict", { message: "this zaapId is in the queue already" });
        return { message: queuedMessageOf(row), created: true };
      }),
  };
}

async function acceptedBefore(tx: Queries, { message, idempotency, now }: Input): Promise<QueueColumns | undefined> {
  return idempotency && (await acceptedWith(tx, { instanceId: message.instanceId, ...idempotency, now }));
}

async function acceptedWith(
  tx: Pick<Queries, "rows">,
  { instanceId, key, requestHash, now }: Parameters<QueueStore["accepted"]>[0],
): Promise<QueueColumns | undefined> {
  const values = [instanceId, key, now];
  const [found] = await tx.rows<{ requestHash: string; zaapId: string }>(queueEnqueueSql.known, values);
  if (found === undefined) return undefined;
  if (found.requestHash !== requestHash) throw new WazapiError("idempotency_conflict");
  const [row] = await tx.rows<QueueColumns>(queueEnqueueSql.first, [instanceId, found.zaapId]);
  return row;
}

async function waiting(tx: Queries, { message, maxWaiting }: Input): Promise<number> {
  if (maxWaiting === undefined) return 0;
  const [row] = await tx.rows<{ total: number }>(queueEnqueueSql.waiting, [message.instanceId, maxWaiting]);
  return row?.total ?? 0;
}

async function insert(tx: Queries, { message, now }: Input): Promise<QueueColumns | undefined> {
  const [row] = await tx.rows<QueueColumns>(queueEnqueueSql.insert, [
    message.instanceId,
    message.zaapId,
    message.messageId,
    JSON.stringify(message.outgoing),
    message.dueAt,
    message.scheduledAt ?? null,
    message.delayMs ?? null,
    message.typingMs,
    message.createdAt,
    now,
    message.chatId ?? message.outgoing.to,
  ]);
  return row;
}

async function remember(tx: Queries, { message, idempotency }: Input): Promise<void> {
  if (idempotency === undefined) return;
  const { key, requestHash, expiresAt } = idempotency;
  await tx.run(queueEnqueueSql.remember, [message.instanceId, key, requestHash, message.zaapId, expiresAt]);
}
