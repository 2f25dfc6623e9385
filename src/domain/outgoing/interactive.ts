import type { OutgoingFile } from "./files.ts";

/** Shown above the text. */
export type InteractiveHeader = { readonly title?: string } & (
  | { readonly media?: undefined }
  | { readonly media: "image" | "video" | "document"; readonly file: OutgoingFile }
);

/** A button that answers, opens, calls or copies. */
export type ActionButton =
  | { readonly type: "reply"; readonly id: string; readonly label: string }
  | { readonly type: "url"; readonly id: string; readonly label: string; readonly url: string }
  | { readonly type: "call"; readonly id: string; readonly label: string; readonly phone: string }
  | { readonly type: "copy"; readonly id: string; readonly label: string; readonly code: string };

/** What all of them have. */
interface Interactive {
  readonly text: string;
  readonly header?: InteractiveHeader;
  readonly footer?: string;
  /** Sends the same as plain text instead: for phones that do not show buttons. */
  readonly asText?: boolean;
}

/** Buttons under a text (`send-button-list`, `send-button-actions`, `send-button-otp`). */
export interface ButtonsContent extends Interactive {
  readonly kind: "buttons";
  readonly buttons: readonly ActionButton[];
}

/** A list to choose from. Ids of rows are unique in the whole list. */
export interface OptionListContent extends Interactive {
  readonly kind: "optionList";
  readonly buttonLabel: string;
  readonly sections: readonly {
    readonly title: string;
    readonly rows: readonly { readonly id: string; readonly title: string; readonly description?: string }[];
  }[];
}

/** Kinds of Pix key, as the wire calls them. */
export type PixKeyType = "CPF" | "CNPJ" | "PHONE" | "EMAIL" | "EVP";

/** A Pix key to be copied or paid. */
export interface PixContent extends Interactive {
  readonly kind: "pix";
  readonly key: string;
  readonly keyType: PixKeyType;
  readonly merchantName: string;
  /** In currency units (BRL); absent: whoever pays decides. */
  readonly amount?: number;
  readonly referenceId: string;
}

/** How the cards of a carousel lie. */
export type CarouselLayout = "HSCROLL_CARDS" | "ALBUM_IMAGE";

/** Cards side by side. */
export interface CarouselContent extends Interactive {
  readonly kind: "carousel";
  readonly layout: CarouselLayout;
  readonly cards: readonly {
    readonly text: string;
    readonly title?: string;
    readonly footer?: string;
    readonly media: "image" | "video";
    readonly file: OutgoingFile;
    readonly buttons: readonly ActionButton[];
  }[];
}

/** What is bought. Money in currency units. */
export interface OrderContent {
  /** ISO 4217. */
  readonly currency: string;
  readonly discount: number;
  readonly tax: number;
  readonly shipping: number;
  readonly products: readonly {
    readonly name: string;
    /** Of one piece. */
    readonly value: number;
    readonly quantity: number;
    /** Of the catalogue, or `custom-item-…`. */
    readonly productId: string;
    /** Not in the catalogue. */
    readonly isCustomItem: boolean;
  }[];
}

/** Where an order is. */
export type OrderStatus = "pending" | "processing" | "shipped" | "completed" | "canceled";

/** Where its payment is. */
export type PaymentStatus = "pending" | "paid";

/** A bill. Both ids come back in the webhook of the message, and updates name them. */
export interface SendOrderContent extends Interactive {
  readonly kind: "order";
  readonly order: OrderContent;
  readonly referenceId: string;
  readonly orderRequestId: string;
  readonly pix?: { readonly key: string; readonly keyType: PixKeyType; readonly name: string };
  /** Whether cards may be used to pay; they are set up on the phone. */
  readonly card?: boolean;
}

/** What became of an order, or of its payment; it answers the order's message (`SendOptions.replyTo`). */
export interface OrderUpdateContent extends Interactive {
  readonly kind: "orderUpdate";
  readonly changes: "order" | "payment";
  readonly referenceId: string;
  readonly orderRequestId: string;
  readonly orderStatus: OrderStatus;
  readonly paymentStatus: PaymentStatus;
  readonly order: OrderContent;
}

/** Everything with buttons. */
export type InteractiveContent =
  | ButtonsContent
  | OptionListContent
  | PixContent
  | CarouselContent
  | SendOrderContent
  | OrderUpdateContent;

/** The sums of an order, each in hundredths of the currency unit. */
export interface OrderTotals {
  readonly subtotal: number;
  readonly discount: number;
  readonly tax: number;
  readonly shipping: number;
  /** Negative when the discount is larger than everything else. */
  readonly total: number;
}

/** Currency units in hundredths: money is added up as whole numbers. */
export function hundredths(units: number): number {
  return Math.round(units * 100);
}

/** What an order comes to. */
export function orderTotals({ products, ...order }: OrderContent): OrderTotals {
  const subtotal = products.reduce((sum, { value, quantity }) => sum + hundredths(value) * quantity, 0);
  const [discount, tax, shipping] = [hundredths(order.discount), hundredths(order.tax), hundredths(order.shipping)];
  return { subtotal, discount, tax, shipping, total: subtotal - discount + tax + shipping };
}
