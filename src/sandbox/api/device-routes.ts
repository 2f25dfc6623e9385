import { z } from "zod";
import { numberOf, recipient } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

/** What phones ask for again, and what becomes of devices. */
export const deviceRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/retry",
    summary: "A contact's phone asks for a message again",
    body: z.strictObject({
      messageId: z.string().regex(/^[\w.-]{1,64}$/),
      chat: recipient.exactOptional(),
      count: z.int().min(1).max(100).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.retry({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/reinstall",
    summary: "A contact installs WhatsApp anew: other keys, no sessions",
    body: z.strictObject({}),
    run: async ({ control }, { params }) => control.reinstall({ number: numberOf(params) }),
  }),
  bodyRoute({
    method: "POST",
    path: "/contacts/:number/stale",
    summary: "A further device of a contact is gone, and nobody is told",
    body: z.strictObject({
      device: z.int().min(1).max(99),
      shown: z.enum(["gone", "signed", "unsigned"]).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.staleDevice({ number: numberOf(params), ...body }),
  }),
];
