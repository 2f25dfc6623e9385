import type { ClaimedMessage, QueueWait } from "#store/queue.ts";
import type { LaneContext, LaneMemory } from "./lane-context.ts";
import { restrictedUntil, type SendFailure } from "./outcome.ts";

/** A wait of one message, for which others of its instance do not wait. */
export interface OwnWait {
  /** Epoch milliseconds. */
  readonly dueAt: number;
  readonly waitsFor?: QueueWait;
  /** What an operator reads in the row. */
  readonly failure?: SendFailure;
}

/** Why a claimed message waits for itself: a restriction that its chat is under, or its own delay. Undefined: it may go. */
export async function ownWait(
  context: LaneContext,
  memory: LaneMemory,
  claim: ClaimedMessage,
): Promise<OwnWait | undefined> {
  return (await heldBack(context, claim)) ?? ownDelay(context, memory, claim);
}

/** Until a restriction ends or is asked about, a little later for each, so that not all begin new chats in the same second. */
export function restrictionWait({ deps, options }: LaneContext, until: number, failure: SendFailure): OwnWait {
  const dueAt = until + Math.ceil(deps.random() * options.restrictionJitterMs);
  return { dueAt, waitsFor: "restriction", failure };
}

async function heldBack(context: LaneContext, claim: ClaimedMessage): Promise<OwnWait | undefined> {
  const { deps } = context;
  const { instanceId, outgoing } = claim;
  try {
    const held = await deps.sender.holds?.({ instanceId, outgoing });
    if (held === undefined || held.until <= deps.clock.now()) return undefined;
    const { until, reason, endsAt } = held;
    return reason === "restriction" ? restrictionWait(context, until, restrictedUntil(endsAt)) : { dueAt: until };
  } catch (error) {
    // A sender promises not to throw; if it does, WhatsApp itself says what it thinks of the message.
    deps.log.error({ instanceId, zaapId: claim.zaapId, error }, "sender could not say whether a message may go");
    return undefined;
  }
}

/**
 * The delay that a message brought along, once: behind the last send or the last one with a delay, and from its acceptance,
 * so that it outlives a restart.
 */
function ownDelay({ deps }: LaneContext, memory: LaneMemory, claim: ClaimedMessage): OwnWait | undefined {
  const { delayMs, createdAt, scheduledAt, dueAt } = claim;
  if (delayMs === undefined || dueAt > Math.max(createdAt, scheduledAt ?? 0)) return undefined;
  const nowMs = deps.clock.monotonicMs();
  const last = Math.max(
    memory.lastSendEndMs ?? Number.NEGATIVE_INFINITY,
    memory.lastOwnWaitMs ?? Number.NEGATIVE_INFINITY,
  );
  const behindLastMs = last + delayMs - nowMs;
  // A clock that was set back makes nobody wait longer than asked.
  const behindAcceptanceMs = Math.min(delayMs, createdAt + delayMs - deps.clock.now());
  const waitMs = Math.ceil(Math.max(behindLastMs, behindAcceptanceMs));
  if (waitMs <= 0) return undefined;
  memory.lastOwnWaitMs = nowMs + waitMs;
  return { dueAt: deps.clock.now() + waitMs };
}
