import type { z } from "zod";
import type { ContentType } from "#domain/captured-content.ts";
import { contact, contacts, liveLocation, other } from "./content/cards.ts";
import { order, pixKey, product, requestPayment, reviewAndPay, reviewOrder, sendPayment } from "./content/commerce.ts";
import { audio, document, image, location, ptv, sticker, video } from "./content/files.ts";
import { buttonReply, buttons, carousel, list, listReply, template } from "./content/interactive.ts";
import { event, eventResponse, newsletterAdminInvite, pin, poll, pollVote, reaction } from "./content/social.ts";
import { text } from "./content/text.ts";

/** Every kind of message content: a kind without a definition does not compile. */
export const contents = {
  text,
  image,
  audio,
  video,
  ptv,
  document,
  sticker,
  location,
  liveLocation,
  contact,
  contacts,
  reaction,
  buttonReply,
  listReply,
  list,
  buttons,
  template,
  carousel,
  pixKey,
  poll,
  pollVote,
  product,
  order,
  requestPayment,
  sendPayment,
  reviewAndPay,
  reviewOrder,
  newsletterAdminInvite,
  pin,
  event,
  eventResponse,
  other,
} as const satisfies {
  [T in ContentType]: { readonly content: T; readonly summary: string; readonly payload: z.ZodObject };
};
