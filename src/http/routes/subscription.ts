import { WazapiError } from "#domain/errors.ts";
import type { Instance, Subscription } from "#domain/instance.ts";

/** Epoch milliseconds told as the end of a subscription without one: the last second of the year 9999. */
export const endlessDue = 253_402_300_799_000;

/** How long a canceled instance stays usable. */
export const canceledGraceMs = 30 * 24 * 60 * 60 * 1000;

/** When the subscription ends, epoch milliseconds. */
export function dueOf(subscription: Subscription): number {
  return subscription.dueAt ?? endlessDue;
}

/** Z-API's word for the state of a subscription. */
export function paymentStatusOf(subscription: Subscription): string {
  return { trial: "TRIAL", active: "PAID", canceled: "CANCELED" }[subscription.state];
}

/** Throws `subscription_inactive` when the subscription has ended. */
export function requireSubscription(instance: Instance, now: number): void {
  if (dueOf(instance.subscription) <= now) throw new WazapiError("subscription_inactive");
}
