import { z } from "zod";

import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { newInstanceId, newToken, newWebhookSecret } from "#domain/ids.ts";
import { defaultInstanceSettings, hookSlots } from "#domain/instance.ts";
import type { Hooks, Instance } from "#domain/instance.ts";

import { operation, RawAnswer } from "../operation.ts";
import type { InstanceContext, Operation, RequestContext } from "../operation.ts";
import { instancePath, isoTime, whole } from "../schemas.ts";
import { hookFieldNames, hookFields, hookUrl, requireCallable } from "./hook-fields.ts";
import { canceledGraceMs, dueOf, paymentStatusOf } from "./subscription.ts";

const tag = "partner";

const newInstanceBody = z.object({
  name: z.string().trim().min(1).max(200),
  sessionName: z.string().trim().max(100).optional(),
  deliveryCallbackUrl: hookUrl.optional(),
  receivedCallbackUrl: hookUrl.optional(),
  receivedAndDeliveryCallbackUrl: hookUrl.optional(),
  messageStatusCallbackUrl: hookUrl.optional(),
  presenceChatCallbackUrl: hookUrl.optional(),
  connectedCallbackUrl: hookUrl.optional(),
  disconnectedCallbackUrl: hookUrl.optional(),
  historySyncCallbackUrl: hookUrl.optional(),
  passkeyCallbackUrl: hookUrl.optional(),
  newChatsCallbackUrl: hookUrl.optional(),
  notifySentByMe: z.boolean().optional(),
  callRejectAuto: z.boolean().optional(),
  callRejectMessage: z.string().max(4096).optional(),
  autoReadMessage: z.boolean().optional(),
  autoReadStatus: z.boolean().optional(),
  disableEnqueueWhenDisconnected: z.boolean().optional(),
  deliveryOrder: z.enum(["instance", "chat"]).optional(),
  isDevice: z.boolean().optional().meta({ description: "A mobile instance: not possible here, answers 501" }),
  businessDevice: z.boolean().optional(),
});

const listed = z.looseObject({
  id: z.string(),
  token: z.string(),
  name: z.string(),
  created: z.string(),
  due: z.number(),
  paymentStatus: z.string(),
  phoneConnected: z.boolean(),
  whatsappConnected: z.boolean(),
  middleware: z.literal("web"),
});

/** What the owner of the server does with instances. */
export const partnerOperations: readonly Operation[] = [
  operation({
    id: "createInstance",
    method: "POST",
    path: "/instances/integrator/on-demand",
    summary: "Create an instance",
    tag,
    scope: "partner",
    body: newInstanceBody,
    response: z.strictObject({ id: z.string(), token: z.string(), due: z.number() }),
    run: async ({ deps }, { body }) => {
      if (body.isDevice === true) {
        throw new WazapiError("not_supported", { message: "mobile instances (isDevice) are not possible here" });
      }
      const instance = newInstance(body, deps.clock.now());
      for (const url of new Set(Object.values(instance.hooks))) await requireCallable(deps, url);
      await deps.store.instances.create({ instance });
      return { id: instance.id, token: instance.token, due: dueOf(instance.subscription) };
    },
  }),
  operation({
    id: "listInstances",
    method: "GET",
    path: "/instances",
    summary: "List the instances",
    tag,
    scope: "partner",
    query: z.object({
      page: whole({ min: 1, max: 1_000_000 }).default(1),
      pageSize: whole({ min: 1, max: 200 }).default(15),
      query: z.string().max(200).optional(),
      middleware: z.enum(["web", "mobile"]).optional(),
    }),
    response: z.strictObject({
      total: z.number(),
      totalPage: z.number(),
      pageSize: z.number(),
      page: z.number(),
      content: z.array(listed),
    }),
    run: async (context, { query }) => {
      const { instances, total } = await find(context, query);
      const { page, pageSize } = query;
      return { total, totalPage: Math.ceil(total / pageSize), pageSize, page, content: instances.map(listedInstance) };
    },
  }),
  operation({
    id: "subscribeInstance",
    method: "POST",
    path: `${instancePath}/integrator/on-demand/subscription`,
    summary: "Activate the subscription",
    tag,
    scope: "partner-instance",
    answers: "text/plain",
    run: (context) => subscribe(context, { state: "active" }),
  }),
  operation({
    id: "updateSubscription",
    method: "PUT",
    path: `${instancePath}/integrator/on-demand/subscription/update`,
    summary: "Move to the plan with calls: not possible here",
    tag,
    scope: "partner-instance",
    answers: "text/plain",
    run: async () => {
      throw new WazapiError("not_supported", { message: "the WhatsApp client cannot make calls, so no plan has them" });
    },
  }),
  operation({
    id: "cancelSubscription",
    method: "POST",
    path: `${instancePath}/integrator/on-demand/cancel`,
    summary: "Cancel; the instance stays usable for 30 days",
    tag,
    scope: "partner-instance",
    answers: "text/plain",
    run: (context) => subscribe(context, { state: "canceled", dueAt: context.deps.clock.now() + canceledGraceMs }),
  }),
  operation({
    id: "deleteInstance",
    method: "DELETE",
    path: "/instances/{instanceId}",
    summary: "Log out and delete the instance with everything that belongs to it",
    tag,
    scope: "partner",
    params: z.object({ instanceId: z.string() }),
    response: z.strictObject({ status: z.literal("deleted") }),
    run: async ({ deps }, { params: { instanceId } }) => {
      await leave(deps.sessions.logout(instanceId));
      await leave(deps.sessions.stop(instanceId));
      if (!(await deps.store.instances.delete({ instanceId }))) throw new WazapiError("instance_not_found");
      return { status: "deleted" as const };
    },
  }),
];

/** A session that cannot say goodbye must not keep its instance alive. */
async function leave(goodbye: Promise<void>): Promise<void> {
  try {
    await goodbye;
  } catch (error) {
    if (!isWazapiError(error) || error.code === "instance_not_found") throw error;
  }
}

function newInstance(body: z.output<typeof newInstanceBody>, now: number): Instance {
  const hooks: { -readonly [S in keyof Hooks]: Hooks[S] } = {};
  for (const slot of hookSlots) {
    const url = body[hookFieldNames[slot]];
    if (url !== undefined && url !== "") hooks[slot] = url;
  }
  const notifySentByMe = body.notifySentByMe ?? hooks.receivedAndDelivery !== undefined;
  return {
    id: newInstanceId(),
    name: body.name,
    token: newToken(),
    settings: {
      notifySentByMe,
      callRejectAuto: body.callRejectAuto ?? defaultInstanceSettings.callRejectAuto,
      callRejectMessage: body.callRejectMessage ?? defaultInstanceSettings.callRejectMessage,
      autoReadMessage: body.autoReadMessage ?? defaultInstanceSettings.autoReadMessage,
      autoReadStatus: body.autoReadStatus ?? defaultInstanceSettings.autoReadStatus,
      disableEnqueueWhenDisconnected:
        body.disableEnqueueWhenDisconnected ?? defaultInstanceSettings.disableEnqueueWhenDisconnected,
      deliveryOrder: body.deliveryOrder ?? defaultInstanceSettings.deliveryOrder,
      sessionName: body.sessionName || defaultInstanceSettings.sessionName,
      isDevice: false,
      businessDevice: body.businessDevice ?? defaultInstanceSettings.businessDevice,
    },
    hooks,
    furtherHooks: [],
    // Nobody sells this server's instances, so a trial does not end by itself.
    subscription: { state: "trial" },
    webhookSecrets: [newWebhookSecret()],
    connection: { state: "unpaired", at: now },
    createdAt: now,
    updatedAt: now,
  };
}

async function find(
  { deps }: RequestContext,
  query: {
    readonly page: number;
    readonly pageSize: number;
    readonly query?: string | undefined;
    readonly middleware?: string | undefined;
  },
): Promise<{ readonly instances: readonly Instance[]; readonly total: number }> {
  if (query.middleware === "mobile") return { instances: [], total: 0 };
  const byId = query.query === undefined ? undefined : await deps.store.instances.get({ instanceId: query.query });
  if (byId !== undefined) return { instances: [byId], total: 1 };
  return deps.store.instances.list({
    offset: (query.page - 1) * query.pageSize,
    limit: query.pageSize,
    ...(query.query !== undefined && query.query !== "" && { query: query.query }),
  });
}

function listedInstance(instance: Instance): z.input<typeof listed> {
  const connected = instance.connection.state === "connected";
  return {
    id: instance.id,
    token: instance.token,
    name: instance.name,
    tenant: "wazapi",
    created: isoTime(instance.createdAt),
    due: dueOf(instance.subscription),
    paymentStatus: paymentStatusOf(instance.subscription),
    ...hookFields(instance.hooks),
    phoneConnected: connected,
    whatsappConnected: connected,
    middleware: "web",
    sessionName: instance.settings.sessionName,
    notifySentByMe: instance.settings.notifySentByMe,
    callRejectAuto: instance.settings.callRejectAuto,
    autoReadMessage: instance.settings.autoReadMessage,
  };
}

async function subscribe(
  { deps, instance }: InstanceContext,
  subscription: Instance["subscription"],
): Promise<RawAnswer> {
  await deps.store.instances.update({ instanceId: instance.id, subscription, now: deps.clock.now() });
  return new RawAnswer("OK", { contentType: "text/plain; charset=utf-8", status: 201 });
}
