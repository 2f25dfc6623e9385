import { z } from "zod";
import { appStateCollections } from "../history/app-state.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { StanzaJson } from "../tell.ts";
import { contentOf, contentShape } from "./content-schema.ts";
import { accountName, attributes, count, flag, numberOf, phoneNumber, recipient, wholeNumber } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

const account = {
  name: accountName.exactOptional(),
  platform: z.enum(["iphone", "android", "smba", "smbi"]).exactOptional(),
  business: accountName.exactOptional(),
};
const writing = {
  messageId: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .exactOptional(),
  hosted: z.boolean().exactOptional(),
};

const stanzaJson: z.ZodType<StanzaJson> = z.strictObject({
  tag: z.string().min(1).max(64),
  attrs: attributes.default({}),
  get content() {
    const bytes = z.strictObject({ base64: z.base64().max(1_000_000) });
    return z.union([z.string().max(65_536), bytes, z.array(stanzaJson).max(1_000)]).exactOptional();
  },
});

/** The accounts' own phones. */
export const phoneRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/phones/:number/scan",
    summary: "The phone scans a QR code",
    body: z.strictObject({ qr: z.string().min(1), ...account }),
    run: async ({ control }, { params, body }, signal) => control.scan({ number: numberOf(params), ...body }, signal),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/code",
    summary: "The phone's owner types a pairing code",
    body: z.strictObject({ code: z.string().min(1), ...account }),
    run: async ({ control }, { params, body }, signal) => control.code({ number: numberOf(params), ...body }, signal),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/unlink",
    summary: "The phone unlinks one device, or all",
    body: z.strictObject({ device: z.int().positive().exactOptional() }),
    run: async ({ control }, { params, body }) => control.unlink({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/migrate",
    summary: "The account's chats move from numbers to LIDs, or back",
    body: z.strictObject({ lidMigrated: z.boolean() }),
    run: async ({ control }, { params, body }) => control.migrate({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/send",
    summary: "The account's owner types a message on the phone",
    body: z.strictObject({ to: recipient, count, ...writing, ...contentShape }),
    run: async ({ control }, { params, body }, signal) =>
      control.phoneSend({ number: numberOf(params), ...sendFields(body), content: contentOf(body) }, signal),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/history",
    summary: "The phone shares a made-up past with its linked devices",
    body: z.strictObject({
      contacts: z.array(phoneNumber).min(1).max(1_000),
      messages: z.int().min(1).max(10_000),
      perChunk: z.int().min(1).max(10_000).exactOptional(),
      headsOnly: z.boolean().exactOptional(),
      raw: z.base64().min(4).max(65_536).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.history({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/notify",
    summary: "WhatsApp sends the linked devices this notification",
    body: z.strictObject({ attrs: attributes, content: z.array(stanzaJson).max(100) }),
    run: async ({ control }, { params, body }) => control.notify({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/stanza",
    summary: "WhatsApp sends the linked devices this stanza",
    body: stanzaJson,
    run: async ({ control }, { params, body }) => control.stanza({ number: numberOf(params), stanza: body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/setting",
    summary: "The owner changes a setting that phone and devices share",
    body: z.strictObject({
      collection: z.enum(appStateCollections),
      index: z.array(z.string().max(256)).min(1).max(10),
      value: z.record(z.string(), z.unknown()),
    }),
    run: async ({ control }, { params, body }) => control.setting({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/lose-setting",
    summary: "The server loses a setting that the phone still has: its copy does not fit its checksum any more",
    body: z.strictObject({
      collection: z.enum(appStateCollections),
      index: z.array(z.string().max(256)).min(1).max(10),
    }),
    run: async ({ control }, { params, body }) => control.loseSetting({ number: numberOf(params), ...body }),
  }),
];

const product = z.strictObject({
  id: z.string().min(1).max(128),
  name: z.string().min(1),
  description: z.string().exactOptional(),
  currency: z.string().length(3),
  price: z.int().nonnegative(),
  imageUrl: z.url().exactOptional(),
  url: z.url().exactOptional(),
  retailerId: z.string().exactOptional(),
});

/** The simulated people. */
export const contactRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/contacts",
    summary: "Adds or changes a contact",
    body: z.strictObject({
      number: phoneNumber,
      name: accountName.exactOptional(),
      onWhatsApp: z.boolean().exactOptional(),
      devices: z.int().min(1).max(5).exactOptional(),
      hosted: z.boolean().exactOptional(),
      newPicture: z.literal(true).exactOptional(),
      catalogue: z.array(product).max(1000).exactOptional(),
      username: z.string().max(35).exactOptional(),
    }),
    run: async ({ control }, { body }) => control.addContact(body),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/send",
    summary: "A contact sends a message",
    body: z.strictObject({
      to: recipient,
      count,
      ...writing,
      addressing: z.enum(["pn", "lid"]).exactOptional(),
      corrupt: z.boolean().exactOptional(),
      placeholder: z.boolean().exactOptional(),
      ...contentShape,
    }),
    run: async ({ control }, { params, body }, signal) => {
      const { addressing, corrupt, placeholder } = body;
      const extra = {
        ...(addressing !== undefined && { addressing }),
        ...(corrupt !== undefined && { corrupt }),
        ...(placeholder !== undefined && { placeholder }),
      };
      const fields = { number: numberOf(params), ...sendFields(body), ...extra };
      return control.contactSend({ ...fields, content: contentOf(body) }, signal);
    },
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/typing",
    summary: "A contact types, records, or stops",
    body: z.strictObject({ to: recipient, state: z.enum(["composing", "recording", "paused"]) }),
    run: async ({ control }, { params, body }) => control.typing({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/presence",
    summary: "A contact comes online or leaves",
    body: z.strictObject({ to: recipient, state: z.enum(["available", "unavailable"]) }),
    run: async ({ control }, { params, body }) => control.presence({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/call",
    summary: "A contact calls",
    body: z.strictObject({
      to: recipient,
      video: z.boolean().exactOptional(),
      missed: z.boolean().exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.call({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/receipt",
    summary: "A contact confirms messages",
    body: z.strictObject({
      messageIds: z.array(z.string().min(1)).min(1).max(1000),
      type: z.enum(["delivered", "read", "played"]),
    }),
    run: async ({ control }, { params, body }) => control.receipt({ number: numberOf(params), ...body }),
  }),
  {
    method: "GET",
    path: "/contacts/:number/inbox",
    summary: "Messages of a contact after ?since=, waiting up to ?wait= seconds for the first",
    run: async ({ control, media }, { params, query }, signal) => {
      const since = wholeNumber(query, "since", { max: Number.MAX_SAFE_INTEGER });
      const wait = wholeNumber(query, "wait", { max: 300 });
      const unknown = [...query.keys()].find((key) => key !== "since" && key !== "wait");
      if (unknown !== undefined) throw new SandboxError("invalid", `unknown query parameter ${unknown}`);
      const entries = await control.inbox({ number: numberOf(params), since, waitMs: wait * 1000 }, signal);
      return media.inspect(entries);
    },
  },
  {
    method: "GET",
    path: "/media/:sha256",
    summary: "The plain bytes of a file that a contact received; ?base64=1 answers JSON",
    run: async ({ media }, { params, query }, signal) => {
      const file = await media.open(params["sha256"] ?? "", signal);
      if (flag(query, "base64")) {
        const pieces: Uint8Array[] = [];
        for await (const piece of file.bytes) pieces.push(piece);
        return { mimetype: file.mimetype, base64: Buffer.concat(pieces).toString("base64") };
      }
      return new Response(file.bytes, { headers: { "content-type": file.mimetype } });
    },
  },
];

interface SendBody {
  readonly to: string;
  readonly count?: number;
  readonly messageId?: string;
  readonly hosted?: boolean;
}

function sendFields(body: SendBody): SendBody {
  if (body.messageId !== undefined && (body.count ?? 1) > 1) {
    throw new SandboxError("invalid", "messageId goes with a single message only");
  }
  return {
    to: body.to,
    ...(body.count !== undefined && { count: body.count }),
    ...(body.messageId !== undefined && { messageId: body.messageId }),
    ...(body.hosted !== undefined && { hosted: body.hosted }),
  };
}
