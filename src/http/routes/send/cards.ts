import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import { isNewsletterJid, personJid } from "#domain/jid.ts";
import type { CardContent, ContactsContent, LinkContent } from "#domain/outgoing/cards.ts";
import { parseChat, phoneDigitsOf } from "#domain/phone.ts";

import type { InstanceContext } from "#http/operation.ts";
import { contextFields, sendRoute } from "../send-kind.ts";
import type { SendRoute } from "../send-kind.ts";
import { catalogLink } from "./catalog-link.ts";
import { cardFields, namedCard } from "./contact-card.ts";
import { fileSource } from "./file-source.ts";
import { linkPicture } from "./link-picture.ts";
import { vCard } from "./v-card.ts";
import { lineBreaks } from "./words.ts";

const linkFields = contextFields.extend({
  linkUrl: z
    .string()
    .max(2048)
    .regex(/^https?:\/\//i, { error: "expected an http(s) address" })
    .refine((url) => URL.canParse(url), { error: "expected an http(s) address" })
    .meta({ description: "Where the card leads" }),
  message: z
    .string()
    .max(65_536)
    .optional()
    .meta({ description: "Text; `linkUrl` is put below it unless it is in there already" }),
  title: z.string().max(1024).optional().meta({ description: "Headline of the card" }),
  linkDescription: z.string().max(4096).optional().meta({ description: "Words below the headline" }),
  image: fileSource
    .optional()
    .meta({ description: "Picture of the card: http(s) address or data URI. One that cannot be used is left out" }),
  linkType: z
    .enum(["SMALL", "MEDIUM", "LARGE"])
    .optional()
    .meta({ description: "Size of the card. WhatsApp knows two: `MEDIUM` is shown like `SMALL`" }),
});

async function linkOf(body: z.output<typeof linkFields>, context: InstanceContext): Promise<LinkContent> {
  const { linkUrl: url, message, title, linkDescription, image, linkType } = body;
  const words = message === undefined ? "" : lineBreaks(message).trimEnd();
  const picture = image === undefined ? {} : await linkPicture(image, context);
  return {
    kind: "link",
    text: words.includes(url) ? words : [words, url].filter(Boolean).join("\n\n"),
    url,
    ...(title !== undefined && { title }),
    ...(linkDescription !== undefined && { description: linkDescription }),
    ...picture,
    ...(linkType === "LARGE" && { isLarge: true }),
  };
}

/** Degrees as a number, or as text, which is how Z-API documents them. */
function degrees(most: number) {
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^[+-]?\d+(?:\.\d+)?$/)
          .transform(Number),
      ],
      {
        error: "expected decimal degrees",
      },
    )
    .pipe(z.number().min(-most).max(most));
}

const locationFields = contextFields.extend({
  latitude: degrees(90).meta({ description: "Decimal degrees, ±90" }),
  longitude: degrees(180).meta({ description: "Decimal degrees, ±180" }),
  title: z.string().max(1024).optional().meta({ description: "Name of the place" }),
  address: z.string().max(1024).optional(),
});

const contactFields = contextFields.extend({
  contactName: z.string().trim().min(1).max(256),
  contactPhone: z.union([z.string(), z.int().positive()]).meta({ description: "Digits with country code" }),
  contactBusinessDescription: z.string().max(1024).optional(),
  ...cardFields,
});

const contactsFields = contextFields.extend({ contacts: z.array(namedCard).min(1).max(100) });

const newsletterId = z.string().transform((given, context) => {
  // The id alone is all digits, like a number.
  const jid = /^\d+$/.test(given) ? `${given}@newsletter` : given;
  if (/@|-channel$/.test(jid) && isNewsletterJid(parseChat(jid))) return parseChat(jid);
  context.issues.push({ code: "custom", message: "expected the id of a channel", input: given });
  return z.NEVER;
});

const inviteFields = z.object({
  adminInviteMessage: z
    .object({
      newsletterId: newsletterId.meta({ description: "`<id>@newsletter`" }),
      caption: z.string().max(4096).default("").meta({ description: "Words beside the invitation" }),
    })
    .optional(),
  id: newsletterId.optional().meta({ description: "The channel alone, in place of `adminInviteMessage`" }),
});

/** Digits of a business' number. */
const business = z
  .union([z.string(), z.int().positive()], { error: "expected a phone number" })
  .transform((given, context) => {
    const digits = phoneDigitsOf(String(given));
    if (digits !== undefined) return digits;
    context.issues.push({ code: "custom", message: "expected a phone number", input: given });
    return z.NEVER;
  })
  .meta({ description: "Number of the business that has the catalogue" });

/** The routes that send everything that points at somebody or something, by kind. */
export const cardRoutes = {
  link: [
    sendRoute({
      id: "sendLink",
      path: "/send-link",
      summary: "Send a text with the card of a link",
      body: linkFields,
      content: ({ body }, context) => linkOf(body, context),
    }),
    sendRoute({
      id: "sendCatalog",
      path: "/send-catalog",
      summary: "Send the card of a business' catalogue",
      body: z.object({
        catalogPhone: business,
        translation: z.enum(["EN", "PT"]).default("PT").meta({ description: "Language of the words left out" }),
        message: z.string().max(65_536).optional(),
        title: z.string().max(1024).optional(),
        catalogDescription: z.string().max(4096).optional(),
      }),
      content: ({ body }) => catalogLink(body),
    }),
  ],
  location: [
    sendRoute({
      id: "sendLocation",
      path: "/send-location",
      summary: "Send a place",
      body: locationFields,
      aliases: { name: "title" },
      content: ({ body: { latitude, longitude, title, address } }) => ({
        kind: "location",
        latitude,
        longitude,
        ...(title !== undefined && { title }),
        ...(address !== undefined && { address }),
      }),
    }),
  ],
  contacts: [
    sendRoute({
      id: "sendContact",
      path: "/send-contact",
      summary: "Send a business card",
      body: contactFields,
      content: ({ body: { contactName, contactPhone, contactBusinessDescription, ...more } }): ContactsContent => {
        const digits = phoneDigitsOf(String(contactPhone));
        if (digits === undefined) {
          throw new WazapiError("invalid_phone", {
            message: "contactPhone: expected a phone number",
            details: { field: "contactPhone" },
          });
        }
        const facts = { ...more, name: contactName, phones: [digits], businessDescription: contactBusinessDescription };
        return { kind: "contacts", cards: [{ displayName: contactName, vCard: vCard(facts) }] };
      },
    }),
    sendRoute({
      id: "sendContacts",
      path: "/send-contacts",
      summary: "Send several business cards at once",
      body: contactsFields,
      content: ({ body: { contacts } }) => ({
        kind: "contacts",
        cards: contacts.map((facts) => ({ displayName: facts.name, vCard: vCard(facts) })),
      }),
    }),
  ],
  product: [
    sendRoute({
      id: "sendProduct",
      path: "/send-product",
      summary: "Send the card of a product from a business' catalogue",
      body: z.object({ catalogPhone: business, productId: z.string().min(1).max(128) }),
      content: ({ body: { catalogPhone, productId } }) => ({
        kind: "product",
        businessJid: personJid(catalogPhone),
        productId,
      }),
    }),
  ],
  newsletterAdminInvite: [
    sendRoute({
      id: "sendNewsletterAdminInvite",
      path: "/send-newsletter-admin-invite",
      summary: "Invite somebody to run a channel of yours",
      body: inviteFields,
      content: ({ body: { adminInviteMessage, id } }) => {
        const newsletterJid = adminInviteMessage?.newsletterId ?? id;
        if (newsletterJid === undefined) {
          throw new WazapiError("invalid_request", {
            message: "adminInviteMessage: is required",
            details: { field: "adminInviteMessage" },
          });
        }
        return { kind: "newsletterAdminInvite", newsletterJid, caption: adminInviteMessage?.caption ?? "" };
      },
    }),
  ],
} as const satisfies Record<CardContent["kind"], readonly SendRoute[]>;
