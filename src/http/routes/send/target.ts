import { parsePerson } from "#domain/phone.ts";

import { address, messageId } from "#http/schemas.ts";

/** The message that something is about. */
export const aboutMessage = {
  messageId: messageId.meta({ description: "Message it is about" }),
};

/** Who wrote that message, where it may be unknown. */
export const sender = {
  sender: address(parsePerson, "a phone number")
    .optional()
    .meta({ description: "Number of its author; needed only for a message that is not stored here" }),
};
