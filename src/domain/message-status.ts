/** Life of a sent message, in rising order: a status never goes down. */
export const messageStatuses = ["queued", "sending", "sent", "delivered", "read", "played"] as const;

/** One step in the life of a message; `failed` and `canceled` end it before `sent`. */
export type MessageStatus = (typeof messageStatuses)[number] | "failed" | "canceled";

/** Rank of a status; `failed` and `canceled` rank with `sending`, so that a late ack still wins over them. */
export function statusRank(status: MessageStatus): number {
  switch (status) {
    case "failed":
    case "canceled":
      return 1.5;
    default:
      return messageStatuses.indexOf(status);
  }
}

/**
 * Orders the steps of one message by time. WhatsApp tells times in whole seconds, we in milliseconds, so within a second
 * the life of a message decides.
 */
export function inOrderOfLife(one: Step, other: Step): number {
  const seconds = Math.floor(one.at / 1_000) - Math.floor(other.at / 1_000);
  return seconds || statusRank(one.status) - statusRank(other.status) || one.at - other.at;
}

interface Step {
  readonly status: MessageStatus;
  /** Epoch milliseconds. */
  readonly at: number;
}
