import { z } from "zod";
import { refusalKinds, restrictionCauses } from "#domain/refusal.ts";

/** Why WhatsApp did not let the account in. */
export const refusalSchema = z
  .object({
    kind: z.enum(refusalKinds),
    code: z.number().meta({ description: "WhatsApp's own number for it" }),
    cause: z.enum(restrictionCauses).optional().meta({ description: "What the account is restricted for" }),
    until: z.number().optional().meta({ description: "When a restriction ends by itself, epoch milliseconds" }),
    header: z.string().optional().meta({ description: "WhatsApp's own words" }),
    subtext: z.string().optional(),
  })
  .meta({ description: "What WhatsApp refused the login with" });
