import type { BinaryNode, NewChatMessageCapInfo } from "@whiskeysockets/baileys";
import type { ChatLimits, NewChatsLock } from "#domain/chat-limits.ts";

/** WhatsApp is asked again after this time about a lock whose end it does not name. */
export const askAgainMs = 60_000;

/** What WhatsApp says of the lock, in a notification or an answer. */
export interface ToldLock {
  readonly isActive?: boolean | undefined;
  readonly timeEnforcementEnds?: Date | undefined;
  readonly enforcementType?: string | undefined;
}

/** The lock as WhatsApp tells it; undefined when there is none (or one that is over). */
export function lockOf(told: ToldLock, now: number): NewChatsLock | undefined {
  if (told.isActive !== true) return undefined;
  const kind = told.enforcementType ?? "DEFAULT";
  const until = told.timeEnforcementEnds?.getTime();
  if (until === undefined) return { kind, askAt: now + askAgainMs };
  return until > now ? { kind, until } : undefined;
}

/** WhatsApp protocol: the notification of a lock that begins, changes or ends. */
const lockNotice = "NotificationUserReachoutTimelockUpdate";

/**
 * The lock that a notification tells of; undefined for any other one. Baileys reads it too, but where WhatsApp names no
 * end it makes one up, a minute from now.
 */
export function lockToldIn(node: BinaryNode): ToldLock | undefined {
  const update = Array.isArray(node.content) ? node.content.find(({ tag }) => tag === "update") : undefined;
  if (update?.attrs["op_name"] !== lockNotice || !(update.content instanceof Uint8Array)) return undefined;
  const told: unknown = Object(Object(parsed(update.content)).data).xwa2_notify_account_reachout_timelock;
  if (typeof told !== "object" || told === null) return undefined;
  const { is_active: isActive, time_enforcement_ends: ends, enforcement_type: kind } = told as Record<string, unknown>;
  if (isActive !== true) return { isActive: false };
  const seconds = Number(ends);
  return {
    isActive: true,
    ...(seconds > 0 && { timeEnforcementEnds: new Date(seconds * 1000) }),
    // Words that this version has not heard of are shown as they are.
    ...(typeof kind === "string" && { enforcementType: kind }),
  };
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString());
  } catch {
    // Baileys says so in its log.
    return undefined;
  }
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
