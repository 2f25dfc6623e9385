import type { QueuedMessage } from "../queue.ts";
import { withoutNulls } from "../rows.ts";
import type { queue } from "./schema.ts";

/** The columns of a queued message for raw statements. */
export const queueColumns = `sequence, instance_id AS "instanceId", zaap_id AS "zaapId", message_id AS "messageId",
  chat_id AS "chatId", outgoing, state, attempts, due_at AS "dueAt", waits_for AS "waitsFor", scheduled_at AS "scheduledAt", delay_ms AS "delayMs",
  typing_ms AS "typingMs", last_error AS "lastError", created_at AS "createdAt", updated_at AS "updatedAt"`;

/** A row that `queueColumns` reads. */
export type QueueColumns = Omit<typeof queue.$inferSelect, "held">;

/** A queued message as the port knows it. */
export function queuedMessageOf(row: QueueColumns): QueuedMessage {
  return withoutNulls(row);
}
