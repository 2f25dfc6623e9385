import { z } from "zod";
import { rotateForms } from "../linking-control.ts";
import { numberOf } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

/** What WhatsApp does to clients that wait to be linked. */
export const linkingRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/rotate-qr",
    summary: "Whoever shows a QR has to make another: what is shown now is dead",
    body: z.strictObject({ form: z.enum(rotateForms).exactOptional() }),
    run: async ({ control }, { body }) => control.rotateQr(body),
  }),
  bodyRoute({
    method: "POST",
    path: "/phones/:number/refresh-code",
    summary: "WhatsApp takes the pairing code of this phone no more, and says so",
    body: z.strictObject({ manual: z.boolean().exactOptional() }),
    run: async ({ control }, { params, body }) => control.refreshCode({ number: numberOf(params), ...body }),
  }),
  bodyRoute({
    method: "POST",
    path: "/client-expiration",
    summary: "WhatsApp announces until when the versions of its clients are taken",
    body: z.strictObject({ at: z.int().positive() }),
    run: async ({ control }, { body }) => control.clientExpiration(body),
  }),
];
