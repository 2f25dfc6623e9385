import { z } from "zod";
import { numberOf } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

const base64url = z.string().regex(/^[\w-]+$/, "must be base64url without padding");

/** Passkeys of the accounts' owners. */
export const passkeyRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/phones/:number/passkey",
    summary: "From now on linking this account asks for its passkey, or does not",
    body: z.strictObject({
      required: z.boolean(),
      credential: z.strictObject({ id: base64url, publicKey: base64url }).exactOptional(),
      rpId: z.string().min(1).max(253).exactOptional(),
      origins: z.array(z.string().min(1).max(300)).min(1).max(10).exactOptional(),
    }),
    run: async ({ control }, { params, body }) => control.passkey({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/passkey/sign",
    summary: "What a browser's credential gives as JSON, signed with the account's passkey",
    body: z.strictObject({
      options: z.looseObject({
        challenge: base64url,
        rpId: z.string().exactOptional(),
        allowCredentials: z.array(z.looseObject({ id: z.string() })).exactOptional(),
      }),
    }),
    run: async ({ control }, { params, body }) => control.passkeySign({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/passkey/confirm",
    summary: "The person compares the codes on both screens",
    body: z.strictObject({ match: z.boolean() }),
    run: async ({ control }, { params, body }) => control.passkeyConfirm({ number: numberOf(params), ...body }),
  }),
];
