import { z } from "zod";

import { phoneDigitsOf } from "#domain/phone.ts";

import type { CardFacts } from "./v-card.ts";

const words = z.string().max(1024).optional();

/** What a card can say beyond name and number. */
export const cardFields = {
  firstName: words,
  middleName: words,
  lastName: words,
  namePrefix: words,
  nameSuffix: words,
  nickname: words,
  email: words,
  url: words,
  organization: words.meta({ description: "In place of the description of the business" }),
  jobTitle: words,
  address: z
    .object({
      type: words,
      postBox: words,
      extended: words,
      street: words,
      city: words,
      region: words,
      postalCode: words,
      country: words,
    })
    .optional(),
  birthday: z.iso.date().optional().meta({ description: "YYYY-MM-DD" }),
  note: words,
};

const phone = z.union([z.string(), z.int().positive()]);

/** One card of several: `name` and `phones`, or `contactName` and `contactPhone`. */
export const namedCard = z
  .object({
    name: z.string().trim().min(1).max(256).optional(),
    phones: z.array(phone).min(1).max(20).optional(),
    businessDescription: words,
    contactName: z.string().trim().min(1).max(256).optional(),
    contactPhone: phone.optional(),
    contactBusinessDescription: words,
    ...cardFields,
  })
  .transform((card, context): CardFacts => {
    const { contactName, contactPhone, contactBusinessDescription, phones, ...more } = card;
    const name = card.name ?? contactName;
    const given = phones ?? (contactPhone === undefined ? undefined : [contactPhone]);
    const refuse = (field: string, message: string): never => {
      context.issues.push({ code: "custom", message, path: [field], input: card });
      return z.NEVER;
    };
    if (name === undefined) return refuse("name", "is required");
    if (given === undefined) return refuse("phones", "is required");
    const digits = given.map((one) => phoneDigitsOf(String(one)));
    if (digits.includes(undefined))
      return refuse(phones === undefined ? "contactPhone" : "phones", "expected a phone number");
    return {
      ...more,
      name,
      phones: digits.filter((one) => one !== undefined),
      businessDescription: card.businessDescription ?? contactBusinessDescription,
    };
  });
