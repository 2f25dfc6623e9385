import { contentTriggers } from "./contents.ts";
import { happeningTriggers } from "./happenings.ts";
import type { Trigger } from "./trigger.ts";

/** Everything `wazapi trigger` can make happen, by name. */
export const triggers: Readonly<Record<string, Trigger>> = { ...contentTriggers, ...happeningTriggers };

/** Whether the account's own phone can do it too. */
export function isTyped(name: string): boolean {
  return Object.hasOwn(contentTriggers, name);
}
