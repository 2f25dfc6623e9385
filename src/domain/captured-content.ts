import type { PersonRef } from "./captured.ts";

/** A message that another one is about. */
export interface MessageRef {
  readonly messageId: string;
  readonly fromMe: boolean;
  /** The chat as customers see it. */
  readonly phone: string;
  /** Author in a group, as customers see people; undefined in a 1:1 chat. */
  readonly participant?: string;
}

/** Text, with the preview of a link or the invitation to a group where there is one. */
interface CapturedText {
  readonly type: "text";
  readonly text: string;
  readonly title?: string;
  readonly description?: string;
  readonly url?: string;
  /** The preview has a picture: part `thumbnail`. */
  readonly thumbnail?: boolean;
}

/** A picture; its file is part `main`. */
export interface CapturedImage {
  readonly type: "image";
  readonly mimeType: string;
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly viewOnce: boolean;
}

/** A sound or voice message; its file is part `main`. */
interface CapturedAudio {
  readonly type: "audio";
  readonly mimeType: string;
  readonly seconds: number;
  readonly ptt: boolean;
  readonly viewOnce: boolean;
}

/** A film or GIF; its file is part `main`. */
export interface CapturedVideo {
  readonly type: "video";
  readonly mimeType: string;
  readonly caption: string;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly viewOnce: boolean;
  readonly isGif: boolean;
}

/** A round video note; its file is part `main`. */
interface CapturedPtv {
  readonly type: "ptv";
  readonly mimeType: string;
  readonly caption: string;
  readonly width: number;
  readonly height: number;
}

/** A file; part `main`, and `thumbnail` when it has a preview. */
export interface CapturedDocument {
  readonly type: "document";
  readonly mimeType: string;
  readonly caption?: string;
  readonly title: string;
  readonly fileName: string;
  readonly pageCount: number;
  readonly thumbnail?: boolean;
}

/** A sticker; its file is part `main`. */
interface CapturedSticker {
  readonly type: "sticker";
  readonly mimeType: string;
  readonly width: number;
  readonly height: number;
  readonly isAnimated: boolean;
}

/** A place. */
export interface CapturedLocation {
  readonly type: "location";
  readonly longitude: number;
  readonly latitude: number;
  readonly name?: string;
  readonly address: string;
  readonly url: string;
  readonly thumbnail?: boolean;
}

/** A place that moves. */
interface CapturedLiveLocation {
  readonly type: "liveLocation";
  readonly longitude: number;
  readonly latitude: number;
  readonly caption: string;
  /** 64-bit number as its two halves. */
  readonly sequence: { readonly low: number; readonly high: number; readonly unsigned: boolean };
}

/** One business card. */
export interface ContactCard {
  readonly displayName: string;
  readonly vCard: string;
  /** Digits. */
  readonly phones: readonly string[];
}

/** An offered button of a template, list or card. */
export interface HydratedButton {
  readonly index: number;
  readonly urlButton?: { readonly displayText: string; readonly url: string };
  readonly quickReplyButton?: { readonly displayText: string; readonly id: string };
  readonly callButton?: { readonly displayText: string; readonly phoneNumber: string };
}

/** What stands above a template or card; a file is part `header` or `card-<n>`. */
export type CapturedHeader =
  | CapturedImage
  | CapturedVideo
  | CapturedDocument
  | CapturedLocation
  | { readonly type: "none" };

/** Goods and money of a bill or an order to be reviewed, in currency units. */
export interface Bill {
  readonly currency: string;
  readonly referenceId: string;
  readonly orderRequestId: string;
  readonly orderStatus: string;
  readonly paymentStatus: string;
  readonly total: number;
  readonly subTotal: number;
  readonly discount: number;
  readonly shipping: number;
  readonly tax: number;
  readonly products: readonly {
    readonly name: string;
    readonly quantity: number;
    readonly isCustomItem: boolean;
    readonly productId: string;
    readonly value: number;
  }[];
}

/** How a payment stands. */
export interface PaymentInfo {
  readonly receiverPhone: string;
  /** Currency units. */
  readonly value: number;
  readonly currencyCode: string;
  readonly status: string;
  readonly transactionStatus: string;
}

/** Content of a message; each later kind is one more member, and the catalogue must decide about it. */
export type CapturedContent =
  | CapturedText
  | CapturedImage
  | CapturedAudio
  | CapturedVideo
  | CapturedPtv
  | CapturedDocument
  | CapturedSticker
  | CapturedLocation
  | CapturedLiveLocation
  | ({ readonly type: "contact" } & ContactCard)
  | { readonly type: "contacts"; readonly contacts: readonly ContactCard[] }
  | {
      readonly type: "reaction";
      /** Empty when the reaction was taken back. */
      readonly value: string;
      /** Epoch milliseconds on the sender's clock. */
      readonly time: number;
      readonly by: PersonRef;
      readonly target: MessageRef;
    }
  | { readonly type: "buttonReply"; readonly buttonId: string; readonly message: string }
  | { readonly type: "listReply"; readonly message: string; readonly title: string; readonly selectedRowId: string }
  | {
      readonly type: "list";
      readonly title: string;
      readonly description: string;
      readonly footerText: string;
      readonly buttonText: string;
      readonly sections: readonly {
        readonly title: string;
        readonly options: readonly { readonly title: string; readonly description: string; readonly rowId: string }[];
      }[];
    }
  | {
      readonly type: "buttons";
      readonly message: string;
      /** What file stands above them, part `header`. */
      readonly header: "image" | "video" | "none";
      readonly buttons: readonly { readonly buttonId: string; readonly type: number; readonly displayText: string }[];
    }
  | {
      readonly type: "template";
      readonly header: CapturedHeader;
      readonly message: string;
      readonly footer: string;
      readonly title: string;
      readonly templateId: string;
      readonly buttons: readonly HydratedButton[];
    }
  | {
      readonly type: "carousel";
      readonly text: string;
      readonly cards: readonly {
        readonly header: CapturedHeader;
        readonly message: string;
        readonly footer: string;
        readonly title: string;
        readonly buttons: readonly HydratedButton[];
      }[];
    }
  | {
      readonly type: "pixKey";
      readonly currency: string;
      readonly referenceId: string;
      readonly key: string;
      readonly keyType: string;
      readonly merchantName: string;
    }
  | {
      readonly type: "poll";
      readonly question: string;
      /** 0: as many as one likes. */
      readonly maxOptions: number;
      readonly options: readonly string[];
      /** Epoch milliseconds after which nobody can vote. */
      readonly endsAt?: number;
      /** Nobody is shown who chose what. */
      readonly hidesVoters?: boolean;
    }
  | { readonly type: "pollVote"; readonly pollMessageId: string; readonly options: readonly string[] }
  | {
      readonly type: "product";
      /** The picture is part `main`. */
      readonly image: boolean;
      readonly businessOwner: string;
      readonly currencyCode: string;
      readonly productId: string;
      readonly title: string;
      readonly description: string;
      readonly imageCount: number;
      /** Currency units. */
      readonly price: number;
      readonly url: string;
      readonly retailerId: string;
      readonly firstImageId: string;
    }
  | {
      readonly type: "order";
      readonly orderId: string;
      readonly token: string;
      readonly itemCount: number;
      readonly message: string;
      readonly orderTitle: string;
      readonly seller: string;
      readonly thumbnail: boolean;
      readonly currency: string;
      /** Thousandths of the currency unit, like the prices below. */
      readonly total: number;
      readonly subTotal: number;
      readonly products: readonly {
        readonly quantity: number;
        readonly name: string;
        readonly productId: string;
        readonly retailerId: string;
        readonly price: number;
        readonly currencyCode: string;
      }[];
    }
  | {
      readonly type: "requestPayment";
      /** Currency units. */
      readonly value: number;
      readonly currencyCode: string;
      /** Epoch milliseconds. */
      readonly expiration: number;
      readonly requestPhone: string;
      readonly paymentInfo: PaymentInfo;
    }
  | { readonly type: "sendPayment"; readonly paymentInfo: PaymentInfo }
  | ({ readonly type: "reviewAndPay"; readonly goods: string } & Bill)
  | ({ readonly type: "reviewOrder" } & Bill)
  | {
      readonly type: "newsletterAdminInvite";
      readonly newsletterId: string;
      readonly newsletterName: string;
      readonly text: string;
      /** Epoch seconds. */
      readonly inviteExpiration: number;
    }
  | {
      readonly type: "pin";
      readonly action: "pin" | "unpin";
      readonly durationSeconds: number;
      readonly target: MessageRef;
    }
  | {
      readonly type: "event";
      readonly name: string;
      readonly description: string;
      readonly canceled: boolean;
      readonly joinLink: string;
      /** Epoch seconds. */
      readonly scheduleTime: number;
      readonly location?: {
        readonly name: string;
        readonly address?: string;
        readonly latitude?: number;
        readonly longitude?: number;
      };
    }
  | {
      readonly type: "eventResponse";
      readonly response: "GOING" | "NOT_GOING" | "MAYBE";
      readonly by: PersonRef;
      /** Epoch milliseconds. */
      readonly time: number;
      readonly target: MessageRef;
    }
  /**
   * What WhatsApp knows and this program does not: under its own name, without binary fields. Of a kind that even the
   * protocol library does not know, the value is the number of its field and its bytes in base64.
   */
  | { readonly type: "other"; readonly name: string; readonly value: Readonly<Record<string, unknown>> };

/** Name of one kind of content. */
export type ContentType = CapturedContent["type"];

/** The content of one kind. */
export type ContentOf<T extends ContentType> = Extract<CapturedContent, { type: T }>;
