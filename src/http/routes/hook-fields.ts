import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { commonHookSlots, hookSlots, maxFurtherHooks } from "#domain/instance.ts";
import type { Hooks, HookSlot } from "#domain/instance.ts";

import type { HttpDeps } from "../deps.ts";

/** A webhook URL; an empty one clears the slot. */
export const hookUrl = z
  .string()
  .trim()
  .max(2048)
  .refine((text) => text === "" || isHttpUrl(text), "expected an http or https URL, or an empty text")
  .meta({ description: "http or https; empty clears it" });

/** The further hooks of an instance, as a request gives them. */
export const furtherHooksBody = z
  .array(
    z.object({
      url: z.string().trim().max(2048).refine(isHttpUrl, "expected an http or https URL"),
      slots: z
        .array(z.enum(hookSlots))
        .min(1)
        .default([...commonHookSlots])
        .meta({
          description:
            "What it receives, everything but passkeys and locks of new chats when left out; both received slots mean the same here",
        }),
    }),
  )
  .max(maxFurtherHooks)
  .superRefine((hooks, context) => {
    for (const [index, { url }] of hooks.entries()) {
      if (hooks.findIndex((one) => one.url === url) === index) continue;
      context.addIssue({ code: "custom", path: [index, "url"], message: "is there twice" });
    }
  });

/** The same in an answer. */
export const furtherHooksAnswer = z
  .array(z.strictObject({ url: z.string(), slots: z.array(z.enum(hookSlots)) }))
  .meta({ description: "URLs that receive beside those of the slots" });

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
  passkey: "passkeyCallbackUrl",
  newChats: "newChatsCallbackUrl",
} as const satisfies Record<HookSlot, string>;

/** The configured URLs under Z-API's names; null where there is none. */
export function hookFields(hooks: Hooks): Readonly<Record<string, string | null>> {
  return Object.fromEntries(hookSlots.map((slot) => [hookFieldNames[slot], hooks[slot] ?? null]));
}

/**
 * Throws `forbidden_address` when the host of the URL may not be called from here. One that cannot be resolved now is
 * let through: it is checked again before every delivery. `field` is the one the error names.
 */
export async function requireCallable({ addressGuard }: HttpDeps, url: string, field = "value"): Promise<void> {
  const verdict = await addressGuard.check(new URL(url).hostname);
  if (verdict.kind === "forbidden") throw new WazapiError("forbidden_address", { details: { field } });
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
