import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { newWebhookSecret } from "#domain/ids.ts";
import { hookSlots } from "#domain/instance.ts";
import type { Instance } from "#domain/instance.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { instancePath } from "../schemas.ts";

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
      notifySentByMe: z.boolean(),
      deliveryOrder: z.enum(["instance", "chat"]),
      lanes: z.array(lane),
    }),
    run: async (context) => {
      const { hooks, settings, id } = await current(context);
      const lanes = await context.deps.store.deliveries.lanes({ instanceId: id });
      return {
        hooks: { ...hooks },
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
    id: "testWebhook",
    method: "POST",
    path: `${instancePath}/webhooks/test`,
    summary: "Send one synthetic event to a hook now and tell what it answered",
    tag,
    scope: "instance",
    body: z.object({ slot: z.enum(hookSlots) }),
    response: z.strictObject({
      delivered: z.boolean(),
      url: z.string(),
      status: z.number().optional(),
      error: z.string().optional(),
      durationMs: z.number(),
      answer: z.string().optional(),
    }),
    run: async (context, { body: { slot } }) => {
      const instance = await current(context);
      const url = instance.hooks[slot];
      if (url === undefined) {
        throw new WazapiError("conflict", { message: `no URL is configured for ${slot}`, details: { field: "slot" } });
      }
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

/** The stored instance: the context's may be a second old. */
async function current({ deps, instance }: InstanceContext): Promise<Instance> {
  const stored = await deps.store.instances.get({ instanceId: instance.id });
  if (stored === undefined) throw new WazapiError("instance_not_found");
  return stored;
}
