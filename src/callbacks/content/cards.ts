import { z } from "zod";
import type { ContactCard } from "#domain/captured-content.ts";
import { defineContent } from "../definition.ts";

const card = z.object({
  displayName: z.string(),
  vCard: z.string(),
  phones: z.array(z.string()).describe("digits"),
});

/** A business card. */
export const contact = defineContent({
  content: "contact",
  summary: "A business card",
  payload: z.object({ contact: card }),
  render: (content) => ({ contact: renderCard(content) }),
});

/** Several business cards. */
export const contacts = defineContent({
  content: "contacts",
  summary: "Several business cards",
  payload: z.object({ contacts: z.array(card) }),
  render: (content) => ({ contacts: content.contacts.map(renderCard) }),
});

/** A place that moves. */
export const liveLocation = defineContent({
  content: "liveLocation",
  summary: "A place that moves",
  payload: z.object({
    liveLocation: z.object({
      longitude: z.number(),
      latitude: z.number(),
      sequence: z
        .object({ low: z.int(), high: z.int(), unsigned: z.boolean() })
        .describe("64-bit number as its two halves"),
      caption: z.string(),
    }),
  }),
  render: ({ longitude, latitude, sequence, caption }) => ({
    liveLocation: { longitude, latitude, sequence, caption },
  }),
});

/** Anything WhatsApp knows and this program does not, under WhatsApp's own name. */
export const other = defineContent({
  content: "other",
  summary: "A kind of message without a documented form: its fields under WhatsApp's name for it",
  payload: z.looseObject({}),
  render: ({ name, value }) => ({ [name]: value }),
});

function renderCard({ displayName, vCard, phones }: ContactCard): z.input<typeof card> {
  return { displayName, vCard, phones: [...phones] };
}
