import type { Person } from "../person.ts";
import { serverJid, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";

/** The lock on new chats in WhatsApp's words. */
export function lockWords(world: World, { reach: { lock } }: Pick<Person, "reach">): Readonly<Record<string, unknown>> {
  const isActive = lock !== undefined && (lock.until ?? Number.POSITIVE_INFINITY) > world.options.clock.now();
  if (!isActive) return { is_active: false };
  return {
    is_active: true,
    ...(lock.until !== undefined && { time_enforcement_ends: String(Math.ceil(lock.until / 1000)) }),
    enforcement_type: lock.kind,
  };
}

/** The quota of new chats in WhatsApp's words. */
export function quotaWords(
  world: World,
  { reach: { quota } }: Pick<Person, "reach">,
): Readonly<Record<string, unknown>> {
  if (quota === undefined || quota.endsAt <= world.options.clock.now()) return { capping_status: "NONE" };
  const { total, used, startedAt, endsAt } = quota;
  return {
    total_quota: total,
    used_quota: used,
    cycle_start_timestamp: String(Math.floor(startedAt / 1000)),
    cycle_end_timestamp: String(Math.ceil(endsAt / 1000)),
    server_sent_timestamp: String(world.seconds()),
    ote_status: "NOT_ELIGIBLE",
    mv_status: "NOT_ELIGIBLE",
    capping_status: statusOf(used / Math.max(1, total)),
  };
}

/** Tells the account's devices that the lock began or ended. */
export function tellLock(world: World, person: Pick<Person, "reach" | "companions">): void {
  const data = { xwa2_notify_account_reachout_timelock: lockWords(world, person) };
  tell(world, person, { name: "NotificationUserReachoutTimelockUpdate", data });
}

/** Tells the account's devices how much of the quota is left. */
export function tellQuota(world: World, person: Pick<Person, "reach" | "companions">): void {
  const data = { xwa2_notify_new_chat_messages_capping_info_update: quotaWords(world, person) };
  tell(world, person, { name: "MessageCappingInfoNotification", data });
}

function tell(
  world: World,
  { companions }: Pick<Person, "companions">,
  update: { readonly name: string; readonly data: unknown },
): void {
  const body = Buffer.from(JSON.stringify({ data: update.data }));
  for (const companion of companions.values()) {
    const attrs = { from: serverJid, type: "mex", id: world.nextId(), t: world.seconds() };
    world.post(companion, stanza("notification", attrs, [stanza("update", { op_name: update.name }, body)]));
  }
}

function statusOf(share: number): string {
  if (share >= 1) return "CAPPED";
  return share >= 0.9 ? "SECOND_WARNING" : share >= 0.75 ? "FIRST_WARNING" : "NONE";
}
