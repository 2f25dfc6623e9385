import { hookSlots } from "#domain/instance.ts";
import type { Hooks, HookSlot } from "#domain/instance.ts";

/** Names Z-API gives the configured URLs in answers and when an instance is created. */
export const hookFieldNames = {
  delivery: "deliveryCallbackUrl",
  received: "receivedCallbackUrl",
  receivedAndDelivery: "receivedAndDeliveryCallbackUrl",
  messageStatus: "messageStatusCallbackUrl",
  presenceChat: "presenceChatCallbackUrl",
  connected: "connectedCallbackUrl",
  disconnected: "disconnectedCallbackUrl",
  historySync: "historySyncCallbackUrl",
} as const satisfies Record<HookSlot, string>;

/** The configured URLs under Z-API's names; null where there is none. */
export function hookFields(hooks: Hooks): Readonly<Record<string, string | null>> {
  return Object.fromEntries(hookSlots.map((slot) => [hookFieldNames[slot], hooks[slot] ?? null]));
}
