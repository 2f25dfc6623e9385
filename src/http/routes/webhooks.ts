import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { newWebhookSecret } from "#domain/ids.ts";
import { hookSlots } from "#domain/instance.ts";
import type { FurtherHook, HookSlot, Instance } from "#domain/instance.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { instancePath } from "../schemas.ts";
import { furtherHooksAnswer, furtherHooksBody, requireCallable } from "./hook-fields.ts";

const tag = "webhooks";

const lane = z.strictObject({
  hookId: z.string(),
  url: z.string(),
  pending: z.number(),
  oldestAt: z.number().optional().meta({ description: "Epoch milliseconds of the oldest waiting delivery" }),
  breaker: z.strictObject({
    state: z.enum(["closed", "open"]),
    failures: z.number(),
    probeAt: z.number(),
    openedAt: z.number(),
  }),
});
const secrets = z.strictObject({ secrets: z.array(z.string()).meta({ description: "Newest first" }) });

/** The configured hooks: how they fare, a trial shot, and the secrets they are signed with. */
export const webhookOperations: readonly Operation[] = [
  operation({
    id: "getWebhooks",
    method: "GET",
    path: `${instancePath}/webhooks`,
    summary: "Configured URLs, what waits for them, and their breakers",
    tag,
    scope: "instance",
    response: z.strictObject({
      hooks: z.record(z.string(), z.string()),
      further: furtherHooksAnswer,
      notifySentByMe: z.boolean(),
      deliveryOrder: z.enum(["instance", "chat"]),
      lanes: z.array(lane),
    }),
    run: async (context) => {
      const { hooks, furtherHooks, settings, id } = await current(context);
      const lanes = await context.deps.store.deliveries.lanes({ instanceId: id });
      return {
        hooks: { ...hooks },
        further: answerOf(furtherHooks),
        notifySentByMe: settings.notifySentByMe,
        deliveryOrder: settings.deliveryOrder,
        lanes: lanes.map(({ hookId, url, pending, oldestAt, breaker }) => ({
          hookId,
          url,
          pending,
          ...(oldestAt !== undefined && { oldestAt }),
          breaker: { ...breaker },
        })),
      };
    },
  }),
  operation({
    id: "setFurtherWebhooks",
    method: "PUT",
    path: `${instancePath}/webhooks/further`,
    summary: "Replace the list of URLs that receive beside those of the slots, each in its own order",
    tag,
    scope: "instance",
    body: z.object({ further: furtherHooksBody }),
    response: z.strictObject({ further: furtherHooksAnswer }),
    run: async ({ deps, instance }, { body: { further } }) => {
      for (const [index, { url }] of further.entries()) await requireCallable(deps, url, `further.${index}.url`);
      const furtherHooks = further.map(({ url, slots }) => {
        return { url, slots: hookSlots.filter((slot) => slots.includes(slot)) };
      });
      const now = deps.clock.now();
      const after = await deps.store.instances.setHooks({ instanceId: instance.id, furtherHooks, now });
      deps.wake.deliveries();
      return { further: answerOf(after.furtherHooks) };
    },
  }),
  operation({
    id: "testWebhook",
    method: "POST",
    path: `${instancePath}/webhooks/test`,
    summary: "Send one synthetic event to a hook now and tell what it answered",
    tag,
    scope: "instance",
    body: z
      .object({
        slot: z.enum(hookSlots).optional(),
        url: z.string().trim().optional().meta({ description: "Of a further hook, instead of a slot" }),
      })
      .refine(({ slot, url }) => slot !== undefined || url !== undefined, { path: ["slot"] })
      .refine(({ slot, url }) => slot === undefined || url === undefined, {
        path: ["url"],
        error: "expected either a slot or a URL",
      }),
    response: z.strictObject({
      delivered: z.boolean(),
      url: z.string(),
      status: z.number().optional(),
      error: z.string().optional(),
      durationMs: z.number(),
      answer: z.string().optional(),
    }),
    run: async (context, { body }) => {
      const instance = await current(context);
      const { slot, url } = configured(instance, body);
      const outcome = await context.deps.webhookTest.send({ instance, slot, url }, context.signal);
      const delivered = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300;
      return { delivered, url, ...outcome };
    },
  }),
  operation({
    id: "getWebhookSecret",
    method: "GET",
    path: `${instancePath}/webhooks/secret`,
    summary: "The secrets webhooks are signed with (Standard Webhooks)",
    tag,
    scope: "instance",
    response: secrets,
    run: async (context) => ({ secrets: [...(await current(context)).webhookSecrets] }),
  }),
  operation({
    id: "rotateWebhookSecret",
    method: "POST",
    path: `${instancePath}/webhooks/secret/rotate`,
    summary: "Make a new secret; requests are signed with the previous one too, until that is dropped",
    tag,
    scope: "instance",
    body: z.object({ keepPrevious: z.boolean().default(true) }),
    response: secrets,
    run: async (context, { body: { keepPrevious } }) => {
      const { deps } = context;
      const instance = await current(context);
      const previous = keepPrevious ? instance.webhookSecrets.slice(0, 1) : [];
      const webhookSecrets = [newWebhookSecret(), ...previous];
      await deps.store.instances.update({ instanceId: instance.id, webhookSecrets, now: deps.clock.now() });
      return { secrets: webhookSecrets };
    },
  }),
  operation({
    id: "dropPreviousWebhookSecret",
    method: "DELETE",
    path: `${instancePath}/webhooks/secret/previous`,
    summary: "End a rotation: sign with the newest secret only",
    tag,
    scope: "instance",
    response: secrets,
    run: async (context) => {
      const { deps } = context;
      const instance = await current(context);
      const webhookSecrets = instance.webhookSecrets.slice(0, 1);
      await deps.store.instances.update({ instanceId: instance.id, webhookSecrets, now: deps.clock.now() });
      return { secrets: webhookSecrets };
    },
  }),
];

/** The hook a trial shot means. Throws `conflict` when there is none. */
function configured(
  { hooks, furtherHooks }: Instance,
  wanted: { readonly slot?: HookSlot | undefined; readonly url?: string | undefined },
): { readonly slot: HookSlot; readonly url: string } {
  if (wanted.slot !== undefined) {
    const { slot } = wanted;
    const url = hooks[slot];
    if (url !== undefined) return { slot, url };
    throw new WazapiError("conflict", { message: `no URL is configured for ${slot}`, details: { field: "slot" } });
  }
  const hook = furtherHooks.find(({ url }) => url === wanted.url);
  const slot = hook?.slots[0];
  if (hook !== undefined && slot !== undefined) return { slot, url: hook.url };
  throw new WazapiError("conflict", { message: "no further hook has this URL", details: { field: "url" } });
}

function answerOf(hooks: readonly FurtherHook[]): { url: string; slots: HookSlot[] }[] {
  return hooks.map(({ url, slots }) => ({ url, slots: [...slots] }));
}

/** The stored instance: the context's may be a second old. */
async function current({ deps, instance }: InstanceContext): Promise<Instance> {
  const stored = await deps.store.instances.get({ instanceId: instance.id });
  if (stored === undefined) throw new WazapiError("instance_not_found");
  return stored;
}
