import { z } from "zod";

import { commonHookSlots } from "#domain/instance.ts";
import type { HookSlot, InstanceSettings } from "#domain/instance.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { instancePath, valueTrue } from "../schemas.ts";
import { hookUrl, requireCallable } from "./hook-fields.ts";

const tag = "webhook-config";

interface HookSetter {
  readonly slot: HookSlot;
  readonly path: `/${string}`;
  readonly summary: string;
  /** An older spelling of another row. */
  readonly deprecated?: true;
}

const hookSetters: readonly HookSetter[] = [
  { slot: "delivery", path: "/update-webhook-delivery", summary: "URL for the outcome of sends" },
  { slot: "received", path: "/update-webhook-received", summary: "URL for received messages" },
  { slot: "received", path: "/update-webhook-receive", summary: "As update-webhook-received", deprecated: true },
  {
    slot: "receivedAndDelivery",
    path: "/update-webhook-received-delivery",
    summary: "URL for received and own messages; switches notifySentByMe with it",
  },
  { slot: "messageStatus", path: "/update-webhook-message-status", summary: "URL for message states" },
  {
    slot: "messageStatus",
    path: "/update-webhook-status",
    summary: "As update-webhook-message-status",
    deprecated: true,
  },
  { slot: "disconnected", path: "/update-webhook-disconnected", summary: "URL for lost connections" },
  { slot: "connected", path: "/update-webhook-connected", summary: "URL for established connections" },
  { slot: "presenceChat", path: "/update-webhook-chat-presence", summary: "URL for presence in chats" },
  { slot: "historySync", path: "/update-webhook-history-sync", summary: "URL for the history sync" },
  { slot: "passkey", path: "/update-webhook-passkey", summary: "URL for requests for a passkey; only set by this" },
  { slot: "newChats", path: "/update-webhook-new-chats", summary: "URL for locks of new chats; only set by this" },
];

/** Where webhooks go. */
export const webhookConfigOperations: readonly Operation[] = [
  ...hookSetters.map(hookSetter),
  operation({
    id: "updateEveryWebhooks",
    method: "PUT",
    path: `${instancePath}/update-every-webhooks`,
    summary: "One URL for every webhook",
    tag,
    scope: "instance",
    body: z.object({ value: hookUrl, notifySentByMe: z.boolean().optional() }),
    response: valueTrue,
    run: async (context, { body }) => {
      await setHooks(context, Object.fromEntries(commonHookSlots.map((slot) => [slot, urlOrNull(body.value)])), {
        ...(body.notifySentByMe !== undefined && { notifySentByMe: body.notifySentByMe }),
      });
      return { value: true };
    },
  }),
  operation({
    id: "updateNotifySentByMe",
    method: "PUT",
    path: `${instancePath}/update-notify-sent-by-me`,
    summary: "Whether messages sent from the own number are notified too",
    tag,
    scope: "instance",
    body: z.object({ notifySentByMe: z.boolean() }),
    aliases: { value: "notifySentByMe" },
    response: valueTrue,
    run: async ({ deps, instance }, { body: settings }) => {
      await deps.store.instances.update({ instanceId: instance.id, settings, now: deps.clock.now() });
      return { value: true };
    },
  }),
];

function hookSetter({ slot, path, summary, deprecated }: HookSetter): Operation {
  return operation({
    id: path.slice(1).replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase()),
    method: "PUT",
    path: `${instancePath}${path}`,
    summary,
    tag,
    scope: "instance",
    ...(deprecated === true && { deprecated }),
    body: z.object({ value: hookUrl }),
    response: valueTrue,
    run: async (context, { body }) => {
      // The URL for received and own messages is the switch for own messages at the same time.
      const settings = slot === "receivedAndDelivery" ? { notifySentByMe: body.value !== "" } : {};
      await setHooks(context, { [slot]: urlOrNull(body.value) }, settings);
      return { value: true };
    },
  });
}

async function setHooks(
  { deps, instance }: InstanceContext,
  hooks: Partial<Record<HookSlot, string | null>>,
  settings: Partial<InstanceSettings>,
): Promise<void> {
  const urls = new Set(Object.values(hooks).filter((url) => url !== null));
  for (const url of urls) await requireCallable(deps, url);
  await deps.store.instances.setHooks({ instanceId: instance.id, hooks, settings, now: deps.clock.now() });
  deps.wake.deliveries();
}

function urlOrNull(value: string): string | null {
  return value === "" ? null : value;
}
