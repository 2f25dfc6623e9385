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

/** A list to choose from. */
export interface OptionListContent extends Interactive {
  readonly kind: "optionList";
  readonly buttonLabel: string;
  readonly sections: readonly {
    readonly title: string;
    readonly rows: readonly { readonly id: string; readonly title: string; readonly description?: string }[];
  }[];
}

/** A Pix key to be copied or paid. */
export interface PixContent extends Interactive {
  readonly kind: "pix";
  readonly key: string;
  readonly keyType: "CPF" | "CNPJ" | "PHONE" | "EMAIL" | "EVP";
  readonly merchantName: string;
  /** In currency units. */
  readonly amount?: number;
  readonly referenceId: string;
}

/** Cards side by side. */
export interface CarouselContent extends Interactive {
  readonly kind: "carousel";
  readonly cards: readonly {
    readonly text: string;
    readonly title?: string;
    readonly footer?: string;
    readonly media: "image" | "video";
    readonly file: OutgoingFile;
    readonly buttons: readonly ActionButton[];
  }[];
}

/** Money in currency units. */
export interface OrderContent {
  readonly currency: string;
  readonly discount: number;
  readonly tax: number;
  readonly shipping: number;
  readonly products: readonly {
    readonly name: string;
    readonly value: number;
    readonly quantity: number;
    readonly productId?: string;
    readonly isCustomItem?: boolean;
  }[];
}

/** A bill. */
export interface SendOrderContent extends Interactive {
  readonly kind: "order";
  readonly order: OrderContent;
  readonly referenceId: string;
  readonly orderRequestId: string;
  readonly pix?: { readonly key: string; readonly keyType: PixContent["keyType"]; readonly name: string };
  readonly card?: boolean;
}

/** What became of an order, or of its payment. */
export interface OrderUpdateContent extends Interactive {
  readonly kind: "orderUpdate";
  readonly changes: "order" | "payment";
  readonly messageId: string;
  readonly referenceId: string;
  readonly orderRequestId: string;
  readonly orderStatus: string;
  readonly paymentStatus: string;
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
