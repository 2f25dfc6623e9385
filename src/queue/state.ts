import type { QueueState } from "#store/queue.ts";

/**
 * What can happen to a queued message.
 *
 *                 ┌──────────── retry ───────────┐
 *                 ▼                              │
 *     enqueue ─▶ queued ───────── claim ──────▶ sending ── settle(sent) ───▶ sent
 *                 │ ▲                            │ ▲
 *              cancel └── requeue ── failed ◀────┘ └─ claim (lease over: the owner died)
 *                 ▼                    settle(failed)
 *              canceled
 *
 * A held message that only paces or types is canceled in two moves by its holder: retry, then cancel.
 */
export const queueMoves = {
  queued: { claim: "sending", cancel: "canceled" },
  sending: { claim: "sending", retry: "queued", sent: "sent", failed: "failed" },
  sent: {},
  failed: { requeue: "queued" },
  canceled: {},
} as const satisfies Record<QueueState, Partial<Record<QueueMove, QueueState>>>;

/** One move of the drawing. `sent` and `failed` are the two outcomes of settle. */
export type QueueMove = "claim" | "retry" | "sent" | "failed" | "cancel" | "requeue";

/** States in which a message still has to be sent; they count towards the limit of waiting messages. */
export const waitingStates: readonly QueueState[] = ["queued", "sending"];

/** Where a move leads, undefined when it is not allowed there. */
export function afterMove(state: QueueState, move: QueueMove): QueueState | undefined {
  const moves: Partial<Record<QueueMove, QueueState>> = queueMoves[state];
  return moves[move];
}

/** Whether nothing but an operator's requeue can change the message any more. */
export function isFinal(state: QueueState): boolean {
  return !waitingStates.includes(state);
}
