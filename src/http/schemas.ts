import { z } from "zod";

import { isWazapiError } from "#domain/errors.ts";
import { parseChat } from "#domain/phone.ts";

/** Prefix of every route of one instance; its two parameters are checked by the scope, not by a schema. */
export const instancePath = "/instances/{instanceId}/token/{instanceToken}";

/** Digits or a JID, parsed to a JID; a mistake keeps the code of its error. `expected` says what it should have been. */
export function address(parse: (text: string) => string, expected: string) {
  return z
    .union([z.string().min(1).max(128), z.int().positive()], { error: `expected ${expected}` })
    .transform((given, context) => {
      try {
        return parse(String(given));
      } catch (error) {
        if (!isWazapiError(error)) throw error;
        const { message, code } = error;
        context.issues.push({ code: "custom", message, input: given, params: { errorCode: code } });
        return z.NEVER;
      }
    });
}

/** Id of a message, as webhooks and sends name it. */
export const messageId = z.string().min(1).max(128);

/** Where a message goes; parsed to the JID of the chat. */
export const chat = address(parseChat, "a phone number or the id of a chat").meta({
  description:
    "Digits with country code, `<id>-group`, `<id>@newsletter`, `<id>@lid`, `<id>-broadcast`, or a JID; masks are taken off",
  examples: ["5511999999999", "120363019502650977-group"],
});

/** Digits of a person, as a string or a number. */
export const digits = z.union([z.string(), z.int().positive()], { error: "expected digits" }).transform(String);

/** Seconds; a numeric string is taken too, as Z-API documents both. */
export function seconds(max: number) {
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d+(?:\.\d+)?$/)
          .transform(Number),
      ],
      { error: "expected a number of seconds" },
    )
    .pipe(z.number().min(0).max(max));
}

/** A moment: epoch milliseconds, or ISO 8601. Parsed to epoch milliseconds. */
export const moment = z
  .union([z.string(), z.number()], { error: "expected epoch milliseconds or an ISO 8601 time" })
  .transform((given, context) => {
    const at = typeof given === "number" || /^\d+$/.test(given) ? Number(given) : Date.parse(given);
    if (Number.isSafeInteger(at) && at >= 0) return at;
    context.issues.push({ code: "custom", message: "expected epoch milliseconds or an ISO 8601 time", input: given });
    return z.NEVER;
  })
  .meta({ description: "Epoch milliseconds or ISO 8601" });

/** A whole number in a query string. */
export function whole(bounds: { readonly min: number; readonly max: number }) {
  return z.coerce.number<string>({ error: "expected a whole number" }).int().min(bounds.min).max(bounds.max);
}

/** A switch in a query string. */
export const queryFlag = z.enum(["true", "false"]).transform((text) => text === "true");

/** The answer of every settings route of Z-API. */
export const valueTrue = z.strictObject({ value: z.boolean() }).meta({ id: "Value" });

/** The answer of every route that sends. */
export const queued = z
  .strictObject({
    zaapId: z.string().meta({ description: "Id of the queued message" }),
    messageId: z.string().meta({ description: "WhatsApp message id, already final" }),
    id: z.string().meta({ description: "The same as `messageId`" }),
    warning: z.string().optional().meta({
      description: "What could not be made of the file, e.g. a picture of its first frame; it is sent as it is",
    }),
  })
  .meta({ id: "Queued" });

/** What a failed request answers. */
export const errorBody = z
  .strictObject({
    error: z.string(),
    code: z.string().meta({ description: "Stable name of the failure" }),
    field: z.string().optional().meta({ description: "The field at fault" }),
    hint: z.string().optional().meta({ description: "What helps" }),
  })
  .meta({ id: "Error" });

/** Body with a single `value`. */
export const flagBody = z.object({ value: z.boolean() });

/** ISO 8601 of epoch milliseconds. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
