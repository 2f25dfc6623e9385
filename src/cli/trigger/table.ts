import { contentTriggers } from "./contents.ts";
import { happeningTriggers } from "./happenings.ts";
import { noticeTriggers } from "./notices.ts";
import { strangerTriggers } from "./strangers.ts";
import type { Trigger } from "./trigger.ts";

/** Everything `wazapi trigger` can make happen, by name. */
export const triggers: Readonly<Record<string, Trigger>> = {
  ...contentTriggers,
  ...happeningTriggers,
  ...noticeTriggers,
  ...strangerTriggers,
};

/** Whether the account's own phone can do it too. */
export function isTyped(name: string): boolean {
  return Object.hasOwn(contentTriggers, name);
}
