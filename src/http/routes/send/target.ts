import { z } from "zod";

import { isWazapiError } from "#domain/errors.ts";
import { parsePerson } from "#domain/phone.ts";

/** The message that something is about. */
export const aboutMessage = {
  messageId: z.string().min(1).max(128).meta({ description: "Message it is about" }),
};

/** A person; parsed to the JID. */
const person = z
  .union([z.string().min(1).max(128), z.int().positive()], { error: "expected a phone number" })
  .transform((given, context) => {
    try {
      return parsePerson(String(given));
    } catch (error) {
      if (!isWazapiError(error)) throw error;
      context.issues.push({ code: "custom", message: error.message, input: given, params: { errorCode: error.code } });
      return z.NEVER;
    }
  });

/** Who wrote that message, where it may be unknown. */
export const sender = {
  sender: person
    .optional()
    .meta({ description: "Number of its author; needed only for a message that is not stored here" }),
};
