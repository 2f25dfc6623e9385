import type { Outgoing } from "#domain/content.ts";
import type { QueueStore } from "../queue.ts";
import type { PostgresContext } from "./context.ts";
import type { Transaction } from "./database.ts";
import { putSteps } from "./put-records.ts";
import type { Queries } from "./queries.ts";
import { lineTurn, lockLine, promote, rearrange, refreshLine } from "./queue-line.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction: a line is not locked for long. */
const stepRows = 1_000;

const canceled = "state = 'canceled', held = NULL, waits_for = NULL, updated_at = $2";
const requeued = "state = 'queued', held = 3, attempts = 0, due_at = $2, last_error = NULL, updated_at = $2";
const about = `message_id AS "messageId", outgoing, chat_id AS "chatId"`;

/** Statements of this file, for the test that none scans a table. */
export const queueControlsSql = statements("queue_controls", {
  state: "SELECT state FROM queue WHERE instance_id = $1 AND zaap_id = $2",
  cancel: `UPDATE queue SET ${canceled} WHERE instance_id = $1 AND zaap_id = $3 AND state = 'queued' RETURNING ${about}`,
  // The newest first: what a worker claims between two steps are the oldest, as it would have just before the purge.
  purge: `UPDATE queue SET ${canceled} WHERE sequence = ANY(ARRAY(
      SELECT sequence FROM queue WHERE instance_id = $1 AND state = 'queued' ORDER BY sequence DESC LIMIT ${stepRows}))
    RETURNING ${about}`,
  requeueOne: `UPDATE queue SET ${requeued} WHERE instance_id = $1 AND zaap_id = $3 AND state = 'failed'
    RETURNING chat_id AS "chatId"`,
  // The oldest first, so that they are sent in their order even when they come back in several steps.
  requeue: `UPDATE queue SET ${requeued} WHERE sequence = ANY(ARRAY(
    SELECT sequence FROM queue WHERE instance_id = $1 AND state = 'failed' ORDER BY sequence LIMIT ${stepRows}))
    RETURNING chat_id AS "chatId"`,
});

/** What an operator can do to messages of the queue. */
export function createQueueControls(context: PostgresContext): Pick<QueueStore, "cancel" | "purge" | "requeueFailed"> {
  const { db, clock } = context;

  /** Runs `step` with the line locked, again and again until one is not full; answers the sum. */
  const inSteps = async (instanceId: string, step: (tx: Transaction) => Promise<number>): Promise<number> => {
    let total = 0;
    for (;;) {
      const changed = await db.inTurn(lineTurn(instanceId), async (tx) => {
        const [, count] = await Promise.all([lockLine(tx, instanceId), step(tx)]);
        await refreshLine(tx, instanceId);
        return count;
      });
      total += changed;
      if (changed < stepRows) return total;
    }
  };

  const noteCanceled = (tx: Queries, input: Noted): Promise<void> =>
    putSteps(tx, {
      instanceId: input.instanceId,
      steps: input.messages.map(({ messageId, outgoing }) => {
        return { messageId, chatId: outgoing.to, status: "canceled", at: input.now };
      }),
      storedAt: clock.now(),
    });

  return {
    cancel: ({ instanceId, zaapId, now }) =>
      db.inTurn(lineTurn(instanceId), async (tx) => {
        const [, messages, [row]] = await Promise.all([
          lockLine(tx, instanceId),
          tx.rows<About>(queueControlsSql.cancel, [instanceId, now, zaapId]),
          tx.rows<{ state: string }>(queueControlsSql.state, [instanceId, zaapId]),
        ]);
        if (messages.length === 0) return row?.state === "sending" ? "sending" : "gone";
        await Promise.all([
          noteCanceled(tx, { instanceId, messages, now }),
          promote(tx, { instanceId, chats: messages.map(({ chatId }) => chatId), now }),
          refreshLine(tx, instanceId),
        ]);
        return "canceled";
      }),
    purge: ({ instanceId, now }) =>
      inSteps(instanceId, async (tx) => {
        const messages = await tx.rows<About>(queueControlsSql.purge, [instanceId, now]);
        await noteCanceled(tx, { instanceId, messages, now });
        return messages.length;
      }),
    requeueFailed: ({ instanceId, zaapId, now }) =>
      inSteps(instanceId, async (tx) => {
        const back = await (zaapId === undefined
          ? tx.rows<Pick<About, "chatId">>(queueControlsSql.requeue, [instanceId, now])
          : tx.rows<Pick<About, "chatId">>(queueControlsSql.requeueOne, [instanceId, now, zaapId]));
        await rearrange(tx, { instanceId, chats: [...new Set(back.map(({ chatId }) => chatId))], now });
        return back.length;
      }),
  };
}

interface About {
  readonly messageId: string;
  readonly outgoing: Outgoing;
  readonly chatId: string;
}

interface Noted {
  readonly instanceId: string;
  readonly messages: readonly About[];
  readonly now: number;
}
