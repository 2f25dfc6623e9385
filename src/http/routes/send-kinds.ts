import { z } from "zod";

import type { OutgoingKind } from "#domain/content.ts";

import { contextFields, sendRoute } from "./send-kind.ts";
import type { SendRoute } from "./send-kind.ts";
import { cardRoutes } from "./send/cards.ts";
import { fileRoutes } from "./send/files.ts";
import { interactiveRoutes } from "./send/interactive.ts";
import { socialRoutes } from "./send/social.ts";
import { statusRoutes } from "./send/status.ts";
import { lineBreaks } from "./send/words.ts";

/** The routes that send, by the kind of content they make. A new kind does not compile until it has its routes. */
const sendKinds = {
  text: [
    sendRoute({
      id: "sendText",
      path: "/send-text",
      summary: "Send a text, reply with one, or edit one",
      body: contextFields.extend({
        message: z.string().min(1).max(65_536).meta({ description: "Text; `%0a` and `\\r\\n` are line breaks too" }),
        editMessageId: z
          .string()
          .min(1)
          .max(128)
          .optional()
          .meta({ description: "A message of yours whose text this replaces" }),
      }),
      aliases: { text: "message" },
      content: ({ body: { message, editMessageId } }) => ({
        kind: "text",
        text: lineBreaks(message),
        ...(editMessageId !== undefined && { editMessageId }),
      }),
    }),
  ],
  ...fileRoutes,
  // Asked for by the routes of documents.
  documentCaption: [],
  ...cardRoutes,
  ...socialRoutes,
  ...interactiveRoutes,
} as const satisfies Record<OutgoingKind, readonly SendRoute[]>;

/** Every send route. */
export const sendOperations: readonly SendRoute[] = [...Object.values(sendKinds).flat(), ...statusRoutes];
