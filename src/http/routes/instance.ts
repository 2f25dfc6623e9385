import { z } from "zod";

import { refusalSchema } from "#callbacks/refusal-schema.ts";
import { WazapiError } from "#domain/errors.ts";
import { isPaired } from "#domain/instance.ts";
import type { Connection, Instance, InstanceSettings } from "#domain/instance.ts";
import { passkeyText } from "#domain/passkey.ts";
import { refusalText } from "#domain/refusal.ts";

import { operation, RawAnswer } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { qrImage } from "../qr-image.ts";
import { flagBody, instancePath, isoTime, valueTrue } from "../schemas.ts";
import { hookFields } from "./hook-fields.ts";
import { newChatsAt, newChatsFields } from "./new-chats.ts";
import { dueOf, paymentStatusOf, requireSubscription } from "./subscription.ts";

/** How long `qr-code` and `phone-code` wait for the session to offer one. */
const pairingWaitMs = 20_000;

const tag = "instance";

const settingSummaries = {
  autoReadMessage: "Mark every received message as read",
  autoReadStatus: "Mark every received status as read",
  callRejectAuto: "Reject incoming calls",
} as const satisfies Partial<Record<keyof InstanceSettings, string>>;

/** State, pairing, life and settings of one instance. */
export const instanceOperations: readonly Operation[] = [
  operation({
    id: "getStatus",
    method: "GET",
    path: `${instancePath}/status`,
    summary: "Whether the number is connected",
    tag,
    scope: "instance",
    response: z.strictObject({
      connected: z.boolean(),
      error: z.string(),
      smartphoneConnected: z.boolean(),
      refusal: refusalSchema.optional(),
      ...newChatsFields,
    }),
    run: async ({ deps, instance }) => {
      const { connection, newChats } = await deps.sessions.view(instance.id);
      const connected = connection.state === "connected";
      const { refusal } = connection;
      return {
        connected,
        error: statusText(connection),
        smartphoneConnected: connected,
        ...(refusal !== undefined && { refusal }),
        ...newChatsAt(newChats, deps.clock.now()),
      };
    },
  }),
  operation({
    id: "getQrCode",
    method: "GET",
    path: `${instancePath}/qr-code`,
    summary: "The QR to be scanned, as text",
    tag,
    scope: "instance",
    response: z.strictObject({ value: z.string() }),
    answers: "text/plain",
    run: async (context) => {
      const { qr } = await nextQr(context);
      if (context.header("accept")?.startsWith("text/plain") !== true) return { value: qr };
      return new RawAnswer(qr, { contentType: "text/plain; charset=utf-8" });
    },
  }),
  operation({
    id: "getQrCodeImage",
    method: "GET",
    path: `${instancePath}/qr-code/image`,
    summary: "The QR to be scanned, as a PNG data URI",
    tag,
    scope: "instance",
    response: z.strictObject({ value: z.string(), image: z.string() }),
    run: async (context) => {
      const image = qrImage((await nextQr(context)).qr);
      return { value: image, image };
    },
  }),
  operation({
    id: "getPhoneCode",
    method: "GET",
    path: `${instancePath}/phone-code/{phone}`,
    summary: "A pairing code to be typed on the phone",
    tag,
    scope: "instance",
    params: z.object({ phone: z.string().regex(/^\+?\d{7,15}$/, "expected digits with country code") }),
    query: z.object({
      customCode: z
        .string()
        .regex(/^[0-9A-Za-z]{8}$/)
        .optional(),
    }),
    response: z.strictObject({ code: z.string(), value: z.string() }),
    run: async (context, { params, query }) => {
      const { deps, instance } = context;
      requireSubscription(instance, deps.clock.now());
      const phone = params.phone.replace("+", "");
      const code = await deps.sessions.pairingCode(
        { instanceId: instance.id, phone, ...(query.customCode !== undefined && { customCode: query.customCode }) },
        pairingSignal(context),
      );
      return { code, value: code };
    },
  }),
  ...bothVerbs("restart", "Reconnect; the pairing stays", async ({ deps, instance }) => {
    requireSubscription(instance, deps.clock.now());
    await deps.sessions.restart(instance.id);
  }),
  ...bothVerbs("disconnect", "Log the number out; it has to be paired again", ({ deps, instance }) =>
    deps.sessions.logout(instance.id),
  ),
  operation({
    id: "restoreSession",
    method: "GET",
    path: `${instancePath}/restore-session`,
    summary: "Connect again from the saved session",
    tag,
    scope: "instance",
    response: valueTrue,
    run: async ({ deps, instance }) => {
      const { connection } = await deps.sessions.view(instance.id);
      if (!isPaired(connection)) throw new WazapiError("not_connected", { message: "there is no session to restore" });
      await deps.sessions.start(instance.id);
      return { value: true };
    },
  }),
  operation({
    id: "getDevice",
    method: "GET",
    path: `${instancePath}/device`,
    summary: "The account and the device it is linked as",
    tag,
    scope: "instance",
    response: z.strictObject({
      phone: z.string(),
      imgUrl: z.string(),
      about: z.string(),
      name: z.string(),
      device: z.strictObject({ sessionName: z.string(), device_model: z.string() }),
      originalDevice: z.string(),
      sessionId: z.number(),
      isBusiness: z.boolean(),
      lid: z.string().optional(),
    }),
    run: async ({ deps, instance }) => {
      const profile = await deps.sessions.profile(instance.id);
      return {
        phone: profile.phone,
        imgUrl: profile.pictureUrl ?? "",
        about: profile.about ?? "",
        name: profile.name ?? "",
        device: { sessionName: instance.settings.sessionName, device_model: "wazapi" },
        originalDevice: profile.isBusiness ? "smba" : "android",
        sessionId: 0,
        isBusiness: profile.isBusiness,
        ...(profile.lid !== undefined && { lid: `${profile.lid}@lid` }),
      };
    },
  }),
  operation({
    id: "getMe",
    method: "GET",
    path: `${instancePath}/me`,
    summary: "Settings of the instance",
    tag,
    scope: "instance",
    response: z.looseObject({ id: z.string(), token: z.string(), name: z.string(), connected: z.boolean() }),
    run: async ({ deps, instance: { id } }) => {
      // The cached instance may be a second old, and this answer is what callers check their changes by.
      const instance = await freshInstance(deps.store.instances.get({ instanceId: id }));
      const { connection } = await deps.sessions.view(id);
      const { settings } = instance;
      return {
        id,
        token: instance.token,
        name: instance.name,
        due: dueOf(instance.subscription),
        connected: connection.state === "connected",
        paymentStatus: paymentStatusOf(instance.subscription),
        created: isoTime(instance.createdAt),
        ...hookFields(instance.hooks),
        initialDataCallbackUrl: instance.hooks.historySync ?? null,
        receiveCallbackSentByMe: settings.notifySentByMe,
        callRejectAuto: settings.callRejectAuto,
        callRejectMessage: settings.callRejectMessage,
        autoReadMessage: settings.autoReadMessage,
        autoReadStatus: settings.autoReadStatus,
        sessionName: settings.sessionName,
        disableEnqueueWhenDisconnected: settings.disableEnqueueWhenDisconnected,
        deliveryOrder: settings.deliveryOrder,
      };
    },
  }),
  operation({
    id: "updateName",
    method: "PUT",
    path: `${instancePath}/update-name`,
    summary: "Rename the instance",
    tag,
    scope: "instance",
    body: z.object({ value: z.string().trim().min(1).max(200) }),
    aliases: { name: "value" },
    response: valueTrue,
    run: async ({ deps, instance }, { body }) => {
      await deps.store.instances.update({ instanceId: instance.id, name: body.value, now: deps.clock.now() });
      return { value: true };
    },
  }),
  setting("updateAutoReadMessage", "/update-auto-read-message", "autoReadMessage"),
  setting("updateAutoReadStatus", "/update-auto-read-status", "autoReadStatus"),
  setting("updateCallRejectAuto", "/update-call-reject-auto", "callRejectAuto"),
  operation({
    id: "updateCallRejectMessage",
    method: "PUT",
    path: `${instancePath}/update-call-reject-message`,
    summary: "The text sent after a rejected call; empty sends none",
    tag,
    scope: "instance",
    body: z.object({ value: z.string().max(4096) }),
    response: valueTrue,
    run: async ({ deps, instance }, { body }) => {
      const settings = { callRejectMessage: body.value };
      await deps.store.instances.update({ instanceId: instance.id, settings, now: deps.clock.now() });
      return { value: true };
    },
  }),
];

function setting(id: string, path: `/${string}`, name: keyof typeof settingSummaries): Operation {
  return operation({
    id,
    method: "PUT",
    path: `${instancePath}${path}`,
    summary: settingSummaries[name],
    tag,
    scope: "instance",
    body: flagBody,
    aliases: { [name]: "value" },
    response: valueTrue,
    run: async ({ deps, instance }, { body }) => {
      await deps.store.instances.update({
        instanceId: instance.id,
        settings: { [name]: body.value },
        now: deps.clock.now(),
      });
      return { value: true };
    },
  });
}

/** Z-API changes state by GET here; POST is the same for those who mind. */
function bothVerbs(
  name: "restart" | "disconnect",
  summary: string,
  act: (context: InstanceContext) => Promise<void>,
): readonly Operation[] {
  return (["GET", "POST"] as const).map((method) =>
    operation({
      id: method === "GET" ? name : `${name}Post`,
      method,
      path: `${instancePath}/${name}`,
      summary,
      tag,
      scope: "instance",
      response: valueTrue,
      run: async (context) => {
        await act(context);
        return { value: true };
      },
    }),
  );
}

function nextQr(context: InstanceContext) {
  const { deps, instance } = context;
  requireSubscription(instance, deps.clock.now());
  return deps.sessions.qr(instance.id, pairingSignal(context));
}

function pairingSignal({ signal, deps }: InstanceContext): AbortSignal {
  return AbortSignal.any([signal, deps.stopping, AbortSignal.timeout(pairingWaitMs)]);
}

/** Z-API's three sentences; the first one means success. */
function statusText(connection: Connection): string {
  if (connection.state === "connected") return "You are already connected.";
  const passkey = passkeyText(connection.reason);
  if (passkey !== undefined) return `${passkey}.`;
  if (connection.refusal !== undefined) return `${refusalText(connection.refusal)}.`;
  return connection.phone === undefined ? "You are not connected." : "You need to restore the session.";
}

async function freshInstance(read: Promise<Instance | undefined>): Promise<Instance> {
  const instance = await read;
  if (instance === undefined) throw new WazapiError("instance_not_found");
  return instance;
}
