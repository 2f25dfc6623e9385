import type { OutgoingFile } from "./files.ts";

/** A text with a preview of a link that we bring ourselves. */
export interface LinkContent {
  readonly kind: "link";
  readonly text: string;
  readonly url: string;
  readonly title?: string;
  readonly description?: string;
  readonly image?: OutgoingFile;
  /** The picture over the whole width, which is uploaded for it. */
  readonly isLarge?: boolean;
  /** What is missing of what was asked for. */
  readonly degraded?: string;
}

/** A place. */
export interface LocationContent {
  readonly kind: "location";
  readonly latitude: number;
  readonly longitude: number;
  readonly title?: string;
  readonly address?: string;
}

/** One business card or more. */
export interface ContactsContent {
  readonly kind: "contacts";
  readonly cards: readonly { readonly displayName: string; readonly vCard: string }[];
}

/** One product of a business' catalogue. */
export interface ProductContent {
  readonly kind: "product";
  /** JID of the business. */
  readonly businessJid: string;
  readonly productId: string;
}

/** The invitation to administrate a channel. */
export interface NewsletterAdminInviteContent {
  readonly kind: "newsletterAdminInvite";
  readonly newsletterJid: string;
  readonly caption: string;
}

/** Everything that points at somebody or something. */
export type CardContent =
  | LinkContent
  | LocationContent
  | ContactsContent
  | ProductContent
  | NewsletterAdminInviteContent;
