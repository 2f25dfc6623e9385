import type { NewChatMessageCapInfo, ReachoutTimelockState } from "@whiskeysockets/baileys";
import type { ChatLimits } from "#domain/chat-limits.ts";

/** WhatsApp protocol: a lock that names no end is asked about again after a minute. */
const unknownEndMs = 60_000;

/** The lock as WhatsApp tells it; undefined when there is none (or one that is over). */
export function lockOf(told: ReachoutTimelockState, now: number): ChatLimits["lock"] {
  if (!told.isActive) return undefined;
  const until = told.timeEnforcementEnds?.getTime() ?? now + unknownEndMs;
  return until > now ? { until, kind: told.enforcementType ?? "DEFAULT" } : undefined;
}

/** The quota of new chats as WhatsApp tells it. */
export function quotaOf(told: NewChatMessageCapInfo): NonNullable<ChatLimits["quota"]> {
  const endsAt = Number(told.cycle_end_timestamp ?? Number.NaN);
  return {
    ...(told.total_quota === undefined ? {} : { total: told.total_quota }),
    ...(told.used_quota === undefined ? {} : { used: told.used_quota }),
    // In seconds; what would be far in the past as such is in milliseconds.
    ...(Number.isFinite(endsAt) && endsAt > 0 ? { endsAt: endsAt < 1e11 ? endsAt * 1000 : endsAt } : {}),
    status: told.capping_status ?? "NONE",
  };
}
