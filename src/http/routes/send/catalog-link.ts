import type { LinkContent } from "#domain/outgoing/cards.ts";

import { lineBreaks } from "./words.ts";

/** What is said where the caller says nothing. */
const words = {
  PT: { title: "Catálogo", message: "Conheça os nossos produtos:", description: "Ver o catálogo no WhatsApp" },
  EN: { title: "Catalogue", message: "Have a look at our products:", description: "See the catalogue on WhatsApp" },
} as const satisfies Record<"PT" | "EN", Record<"title" | "message" | "description", string>>;

/** WhatsApp protocol: apps open a link of this form as the catalogue of the business. */
export function catalogLink(body: {
  readonly catalogPhone: string;
  readonly translation: "PT" | "EN";
  readonly message?: string | undefined;
  readonly title?: string | undefined;
  readonly catalogDescription?: string | undefined;
}): LinkContent {
  const { catalogPhone, translation, message, title, catalogDescription } = body;
  const said = words[translation];
  const url = `https://wa.me/c/${catalogPhone}`;
  return {
    kind: "link",
    text: `${lineBreaks(message ?? said.message)}\n${url}`,
    url,
    title: title ?? said.title,
    description: catalogDescription ?? said.description,
  };
}
