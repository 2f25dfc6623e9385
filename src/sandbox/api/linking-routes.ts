import { z } from "zod";
import { rotateForms } from "../linking-control.ts";
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
];
