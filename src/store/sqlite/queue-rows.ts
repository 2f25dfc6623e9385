import type { Outgoing } from "#domain/content.ts";
import type { QueuedMessage } from "../queue.ts";
import { withoutNulls } from "../rows.ts";
import type { queue } from "./schema.ts";

/** The columns of a queued message for raw statements. */
export const queueColumns = `sequence, instance_id AS "instanceId", zaap_id AS "zaapId", message_id AS "messageId",
  chat_id AS "chatId", outgoing, state, attempts, due_at AS "dueAt", waits_for AS "waitsFor", scheduled_at AS "scheduledAt", delay_ms AS "delayMs",
  typing_ms AS "typingMs", last_error AS "lastError", created_at AS "createdAt", updated_at AS "updatedAt"`;

/** A row that `queueColumns` reads. */
export interface QueueColumns extends Omit<typeof queue.$inferSelect, "held" | "outgoing"> {
  /** JSON. */
  readonly outgoing: string;
}

/** A queued message as the port knows it. */
export function queuedMessageOf({ outgoing, ...row }: QueueColumns): QueuedMessage {
  // Written by `enqueue` from this type.
  return { ...withoutNulls(row), outgoing: JSON.parse(outgoing) as Outgoing };
}
