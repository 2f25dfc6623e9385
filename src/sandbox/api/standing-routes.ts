import { z } from "zod";
import { SandboxError } from "../sandbox-error.ts";
import { attributes, numberOf } from "./fields.ts";
import { bodyRoute, type Route } from "./route.ts";

/** How accounts stand with WhatsApp. */
export const standingRoutes: readonly Route[] = [
  bodyRoute({
    method: "POST",
    path: "/phones/:number/refuse",
    summary: "Every login of the account is refused from now on; {lift: true} lets it in again",
    body: z.strictObject({
      reason: z.int().min(400).max(599).exactOptional(),
      attrs: attributes.exactOptional(),
      until: z.int().positive().exactOptional(),
      lift: z.literal(true).exactOptional(),
    }),
    run: async ({ control }, { params, body: { lift, reason, ...more } }) => {
      const number = numberOf(params);
      if ((reason === undefined) === (lift === undefined)) throw new SandboxError("invalid", "say a reason, or lift");
      return reason === undefined ? control.pardon({ number }) : control.refuse({ number, reason, ...more });
    },
  }),
];
