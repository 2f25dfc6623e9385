import type { QueueStore } from "../queue.ts";
import type { SqliteContext } from "./context.ts";
import { createPutRecords } from "./put-records.ts";
import { createQueueLine } from "./queue-line.ts";

/** Rows of one transaction: short enough that others hardly wait. */
const stepRows = 1_000;

const canceled = `state = 'canceled', held = NULL, waits_for = NULL, updated_at = @now`;
const requeued = `state = 'queued', held = 3, attempts = 0, due_at = @now, last_error = NULL, updated_at = @now`;
const about = `message_id AS "messageId", json_extract(outgoing, '$.to') AS "chatId"`;

/** SQL of this file, for the test that no statement scans a table. */
export const queueControlsSql = {
  state: "SELECT state FROM queue WHERE instance_id = +@instanceId AND zaap_id = +@zaapId",
  cancel: `UPDATE queue SET ${canceled}
    WHERE instance_id = +@instanceId AND zaap_id = +@zaapId AND state = 'queued'
    RETURNING ${about}, chat_id AS "line"`,
  // The newest first: what a worker claims between two steps are the oldest, as it would have just before the purge.
  purge: `UPDATE queue SET ${canceled} WHERE sequence IN (
      SELECT sequence FROM queue WHERE instance_id = +@instanceId AND state = 'queued'
      ORDER BY sequence DESC LIMIT ${stepRows})
    RETURNING ${about}`,
  requeueOne: `UPDATE queue SET ${requeued}
    WHERE instance_id = +@instanceId AND zaap_id = +@zaapId AND state = 'failed' RETURNING chat_id AS "chatId"`,
  // The oldest first, so that they are sent in their order even when they come back in several steps.
  requeue: `UPDATE queue SET ${requeued} WHERE sequence IN (
      SELECT sequence FROM queue WHERE instance_id = +@instanceId AND state = 'failed'
      ORDER BY sequence LIMIT ${stepRows}) RETURNING chat_id AS "chatId"`,
} as const;

interface About {
  readonly messageId: string;
  readonly chatId: string;
}

type Values = Readonly<Record<string, string | number>>;

/** What an operator can do to messages of the queue. */
export function createQueueControls(context: SqliteContext): Pick<QueueStore, "cancel" | "purge" | "requeueFailed"> {
  const { db } = context;
  const state = db.prepare<Values, { state: string }>(queueControlsSql.state);
  const cancel = db.prepare<Values, About & { readonly line: string }>(queueControlsSql.cancel);
  const purge = db.prepare<Values, About>(queueControlsSql.purge);
  const requeueOne = db.prepare<Values, { chatId: string }>(queueControlsSql.requeueOne);
  const requeue = db.prepare<Values, { chatId: string }>(queueControlsSql.requeue);
  const line = createQueueLine(db);
  const put = createPutRecords(context);

  const noteCanceled = (instanceId: string, messages: readonly About[], now: number): void => {
    put.steps(
      instanceId,
      messages.map(({ messageId, chatId }) => ({ messageId, chatId, status: "canceled", at: now })),
    );
    line.refresh({ instanceId });
  };

  /** Runs `step` until one is not full; answers the sum. */
  const inSteps = async (step: () => number): Promise<number> => {
    let total = 0;
    for (;;) {
      const changed = await context.write(step);
      total += changed;
      if (changed < stepRows) return total;
    }
  };

  return {
    cancel: ({ instanceId, zaapId, now }) =>
      context.write(() => {
        const gone = cancel.all({ instanceId, zaapId, now });
        for (const { line: chatId } of gone) line.promote({ instanceId, chatId, now });
        noteCanceled(instanceId, gone, now);
        if (gone.length > 0) return "canceled";
        return state.get({ instanceId, zaapId })?.state === "sending" ? "sending" : "gone";
      }),
    purge: ({ instanceId, now }) =>
      inSteps(() => {
        const gone = purge.all({ instanceId, now });
        noteCanceled(instanceId, gone, now);
        return gone.length;
      }),
    requeueFailed: ({ instanceId, zaapId, now }) => {
      const step = (): number => {
        const back =
          zaapId === undefined ? requeue.all({ instanceId, now }) : requeueOne.all({ instanceId, zaapId, now });
        for (const chatId of new Set(back.map((row) => row.chatId))) line.rearrange({ instanceId, chatId, now });
        line.refresh({ instanceId });
        return back.length;
      };
      return inSteps(step);
    },
  };
}
