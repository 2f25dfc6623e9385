// Webhook bodies of wazapi. Made by `wazapi openapi` out of the schemas; do not edit.
//
//   import type { WebhookBody } from "wazapi/webhooks";
//
//   function onWebhook(body: WebhookBody) {
//     if (body.type === "ReceivedCallback" && "text" in body) console.log(body.text.message);
//   }

/** What every message has */
export interface MessageEnvelope {
  /** the quoted message is a status post */
  isStatusReply: boolean;
  /** <digits>@lid of the 1:1 chat */
  chatLid: string | null;
  /** digits of the connected account */
  connectedPhone: string;
  isGroup: boolean;
  isNewsletter: boolean;
  instanceId: string;
  /** chat: digits, <digits>@lid, <id>-group, <id>-broadcast or <id>@newsletter */
  phone: string;
  fromMe: boolean;
  /** epoch milliseconds */
  momment: number;
  chatName: string;
  senderPhoto: string | null;
  senderName: string;
  /** name of a sender who shows no number */
  senderUsername?: string;
  photo: string | null;
  broadcast: boolean;
  /** group sender, digits; absent in 1:1 chats */
  participantPhone?: string;
  participantLid: string | null;
  type: "ReceivedCallback";
  waitingMessage: false;
  isEdit: boolean;
  /** id of the message whose content this replaces */
  editMessageId?: string;
  messageId: string;
  status: "RECEIVED" | "SENT";
  broadcastRecipients?: string[];
  /** id of the quoted message */
  referenceMessageId?: string;
  messageExpirationSeconds?: number;
  externalAdReply?: {
    title: string;
    body: string;
    /** 0 none, 1 image, 2 video */
    mediaType: number;
    thumbnailUrl: string;
    sourceType: string;
    sourceId: string;
    ctwaClid?: string;
    sourceUrl: string;
    containsAutoReply: boolean;
    renderLargerThumbnail: boolean;
    showAdAttribution: boolean;
    ref?: string;
    sourceApp?: string;
    mediaUrl?: string;
    originalImageUrl?: string;
    greetingMessage?: string;
    ctaPayload?: string;
  };
  /** what it is, where no documented field says that: album, callLog, limitSharing, comment, richResponse… */
  contentType?: string;
  /** the message came by a click on an advertisement */
  adClick?: {
    /** WhatsApp's ctwaPayload, base64 */
    payload?: string;
    /** ctwaSignals */
    signals?: string;
    /** conversionSource */
    source?: string;
    /** conversionData, base64 */
    data?: string;
    /** entryPointConversionSource */
    entryPoint?: string;
    /** entryPointConversionApp */
    entryApp?: string;
  };
  /** id of the message this one is a part or a twin of */
  parentMessageId?: string;
  /** album, hd (the same file in better quality), or WhatsApp's word */
  parentType?: string;
  statusImage?: {
    imageUrl: string | null;
    thumbnailUrl: string | null;
    caption: string;
    mimetype: string;
    viewOnce: boolean;
    width: number;
    height: number;
  };
  mentioned?: string[];
  forwarded: boolean;
  fromApi: boolean;
}

/** Text */
export interface TextMessage extends MessageEnvelope {
  text: {
    message: string;
    title?: string;
    description?: string;
    url?: string;
    thumbnailUrl?: string;
  };
}

/** A picture */
export interface ImageMessage extends MessageEnvelope {
  image: {
    imageUrl: string | null;
    thumbnailUrl: string | null;
    caption: string;
    mimeType: string;
    viewOnce: boolean;
    width: number;
    height: number;
    /** why there is no file */
    downloadError?: string;
  };
}

/** A sound or voice message */
export interface AudioMessage extends MessageEnvelope {
  audio: {
    /** recorded as a voice message */
    ptt: boolean;
    seconds: number;
    audioUrl: string | null;
    mimeType: string;
    viewOnce: boolean;
  };
}

/** A film or GIF */
export interface VideoMessage extends MessageEnvelope {
  video: {
    videoUrl: string | null;
    caption: string;
    mimeType: string;
    width: number;
    height: number;
    seconds: number;
    viewOnce: boolean;
    isGif: boolean;
  };
}

/** A round video note */
export interface PtvMessage extends MessageEnvelope {
  ptv: {
    ptvUrl: string | null;
    caption: string;
    mimeType: string;
    width: number;
    height: number;
  };
}

/** A file */
export interface DocumentMessage extends MessageEnvelope {
  document: {
    caption: string | null;
    documentUrl: string | null;
    mimeType: string;
    title: string;
    pageCount: number;
    fileName: string;
    thumbnailUrl?: string;
  };
}

/** A sticker */
export interface StickerMessage extends MessageEnvelope {
  sticker: {
    stickerUrl: string | null;
    mimeType: string;
    width: number;
    height: number;
    isAnimated: boolean;
  };
}

/** A place */
export interface LocationMessage extends MessageEnvelope {
  location: {
    longitude: number;
    latitude: number;
    name?: string;
    address: string;
    url: string;
    thumbnailUrl?: string;
  };
}

/** A place that moves */
export interface LiveLocationMessage extends MessageEnvelope {
  liveLocation: {
    longitude: number;
    latitude: number;
    /** 64-bit number as its two halves */
    sequence: {
      low: number;
      high: number;
      unsigned: boolean;
    };
    caption: string;
  };
}

/** A business card */
export interface ContactMessage extends MessageEnvelope {
  contact: {
    displayName: string;
    vCard: string;
    /** digits */
    phones: string[];
  };
}

/** Several business cards */
export interface ContactsMessage extends MessageEnvelope {
  contacts: {
    displayName: string;
    vCard: string;
    /** digits */
    phones: string[];
  }[];
}

/** A reaction to a message; an empty value takes it back */
export interface ReactionMessage extends MessageEnvelope {
  reaction: {
    value: string;
    /** epoch milliseconds on the sender's clock */
    time: number;
    /** digits */
    reactionBy: string;
    referencedMessage: {
      messageId: string;
      fromMe: boolean;
      phone: string;
      /** author in a group; null in a 1:1 chat */
      participant: string | null;
    };
  };
}

/** A button was pressed */
export interface ButtonReplyMessage extends MessageEnvelope {
  buttonsResponseMessage: {
    buttonId: string;
    message: string;
  };
}

/** An option of a list was chosen */
export interface ListReplyMessage extends MessageEnvelope {
  listResponseMessage: {
    message: string;
    title: string;
    selectedRowId: string;
  };
}

/** A list of options */
export interface ListMessage extends MessageEnvelope {
  listMessage: {
    description: string;
    footerText: string;
    title: string;
    buttonText: string;
    sections: {
      title: string;
      options: {
        title: string;
        description: string;
        rowId: string;
      }[];
    }[];
  };
}

/** Text, picture or film with buttons */
export interface ButtonsMessage extends MessageEnvelope {
  buttonsMessage: {
    imageUrl: string | null;
    videoUrl: string | null;
    message: string;
    buttons: {
      buttonId: string;
      type: number;
      buttonText: {
        displayText: string;
      };
    }[];
  };
}

/** A template with header, text, footer and buttons */
export interface TemplateMessage extends MessageEnvelope {
  hydratedTemplate: {
    header: {
      image?: {
        imageUrl: string | null;
        thumbnailUrl: string | null;
        caption: string;
        mimeType: string;
        viewOnce: boolean;
        width: number;
        height: number;
        /** why there is no file */
        downloadError?: string;
      };
      video?: {
        videoUrl: string | null;
        caption: string;
        mimeType: string;
        width: number;
        height: number;
        seconds: number;
        viewOnce: boolean;
        isGif: boolean;
      };
      document?: {
        caption: string | null;
        documentUrl: string | null;
        mimeType: string;
        title: string;
        pageCount: number;
        fileName: string;
        thumbnailUrl?: string;
      };
      location?: {
        longitude: number;
        latitude: number;
        name?: string;
        address: string;
        url: string;
        thumbnailUrl?: string;
      };
    };
    message: string;
    footer: string;
    title: string;
    templateId: string;
    hydratedButtons: {
      index: number;
      urlButton?: {
        displayText: string;
        url: string;
      };
      quickReplyButton?: {
        displayText: string;
        id: string;
      };
      callButton?: {
        displayText: string;
        phoneNumber: string;
      };
    }[];
  };
}

/** Cards side by side */
export interface CarouselMessage extends MessageEnvelope {
  carouselMessage: {
    text: string;
    cards: {
      header: {
        image?: {
          imageUrl: string | null;
          thumbnailUrl: string | null;
          caption: string;
          mimeType: string;
          viewOnce: boolean;
          width: number;
          height: number;
          /** why there is no file */
          downloadError?: string;
        };
        video?: {
          videoUrl: string | null;
          caption: string;
          mimeType: string;
          width: number;
          height: number;
          seconds: number;
          viewOnce: boolean;
          isGif: boolean;
        };
        document?: {
          caption: string | null;
          documentUrl: string | null;
          mimeType: string;
          title: string;
          pageCount: number;
          fileName: string;
          thumbnailUrl?: string;
        };
        location?: {
          longitude: number;
          latitude: number;
          name?: string;
          address: string;
          url: string;
          thumbnailUrl?: string;
        };
      };
      message: string;
      footer: string;
      title: string;
      hydratedButtons: {
        index: number;
        urlButton?: {
          displayText: string;
          url: string;
        };
        quickReplyButton?: {
          displayText: string;
          id: string;
        };
        callButton?: {
          displayText: string;
          phoneNumber: string;
        };
      }[];
    }[];
  };
}

/** A PIX key to pay to */
export interface PixKeyMessage extends MessageEnvelope {
  pixKeyMessage: {
    currency: string;
    referenceId: string;
    key: string;
    /** CPF, CNPJ, PHONE, EMAIL or EVP */
    keyType: string;
    merchantName: string;
  };
}

/** A poll */
export interface PollMessage extends MessageEnvelope {
  poll: {
    question: string;
    /** 0: as many as one likes */
    pollMaxOptions: number;
    options: {
      name: string;
    }[];
    /** epoch milliseconds after which nobody can vote */
    endTime?: number;
    /** nobody is shown who chose what */
    hideVoters?: boolean;
  };
}

/** A vote in a poll; no options when it was taken back */
export interface PollVoteMessage extends MessageEnvelope {
  pollVote: {
    pollMessageId: string;
    options: {
      name: string;
    }[];
  };
}

/** A product of a catalogue */
export interface ProductMessage extends MessageEnvelope {
  product: {
    productImage: string | null;
    /** digits */
    businessOwnerJid: string;
    currencyCode: string;
    productId: string;
    description: string;
    productImageCount: number;
    /** currency units */
    price: number;
    url: string;
    retailerId: string;
    firstImageId: string;
    title: string;
  };
}

/** An order out of a catalogue */
export interface OrderMessage extends MessageEnvelope {
  order: {
    itemCount: number;
    orderId: string;
    message: string;
    orderTitle: string;
    /** digits */
    sellerJid: string;
    thumbnailUrl: string | null;
    token: string;
    currency: string;
    /** thousandths of the currency unit, like all amounts here */
    total: number;
    subTotal: number;
    products: {
      quantity: number;
      name: string;
      productId: string;
      retailerId: string;
      price: number;
      currencyCode: string;
    }[];
  };
}

/** Somebody asks for money */
export interface RequestPaymentMessage extends MessageEnvelope {
  requestPayment: {
    value: number;
    currencyCode: string;
    /** epoch milliseconds */
    expiration: number;
    requestPhone: string;
    paymentInfo: {
      receiverPhone: string;
      /** currency units */
      value: number;
      currencyCode: string;
      status: string;
      transactionStatus: string;
    };
  };
}

/** Somebody sent money */
export interface SendPaymentMessage extends MessageEnvelope {
  sendPayment: {
    paymentInfo: {
      receiverPhone: string;
      /** currency units */
      value: number;
      currencyCode: string;
      status: string;
      transactionStatus: string;
    };
  };
}

/** A bill to be paid */
export interface ReviewAndPayMessage extends MessageEnvelope {
  reviewAndPay: {
    currency: string;
    referenceId: string;
    orderRequestId: string;
    orderStatus: string;
    paymentStatus: string;
    /** currency units, like all amounts here */
    total: number;
    subTotal: number;
    discount: number;
    shipping: number;
    tax: number;
    products: {
      name: string;
      quantity: number;
      isCustomItem: boolean;
      productId: string;
      value: number;
    }[];
    /** physical-goods, digital-goods… */
    type: string;
  };
}

/** An order whose state changed */
export interface ReviewOrderMessage extends MessageEnvelope {
  reviewOrder: {
    currency: string;
    referenceId: string;
    orderRequestId: string;
    orderStatus: string;
    paymentStatus: string;
    /** currency units, like all amounts here */
    total: number;
    subTotal: number;
    discount: number;
    shipping: number;
    tax: number;
    products: {
      name: string;
      quantity: number;
      isCustomItem: boolean;
      productId: string;
      value: number;
    }[];
  };
}

/** An invitation to run a channel */
export interface NewsletterAdminInviteMessage extends MessageEnvelope {
  newsletterAdminInvite: {
    newsletterId: string;
    newsletterName: string;
    text: string;
    /** epoch seconds */
    inviteExpiration: number;
  };
}

/** A message was pinned or unpinned */
export interface PinMessage extends MessageEnvelope {
  pinMessage: {
    action: "pin" | "unpin";
    pinDurationInSecs: number;
    referencedMessage: {
      messageId: string;
      fromMe: boolean;
      phone: string;
      /** author in a group; null in a 1:1 chat */
      participant: string | null;
    };
  };
}

/** An event to take part in */
export interface EventMessage extends MessageEnvelope {
  event: {
    name: string;
    description: string;
    canceled: boolean;
    joinLink: string;
    /** epoch seconds */
    scheduleTime: number;
    location: {
      name?: string;
      address?: string;
      latitude?: number;
      longitude?: number;
    };
  };
}

/** Somebody answers an event */
export interface EventResponseMessage extends MessageEnvelope {
  eventResponse: {
    response: "GOING" | "NOT_GOING" | "MAYBE";
    /** digits */
    responseFrom: string;
    /** epoch milliseconds */
    time: number;
    referencedMessage: {
      messageId: string;
      fromMe: boolean;
      phone: string;
      /** author in a group; null in a 1:1 chat */
      participant: string | null;
    };
  };
}

/** A kind of message without a documented form: its fields under WhatsApp's name for it */
export interface OtherMessage extends MessageEnvelope {}

/** A message was received, or sent by the connected account */
export type Message =
  | TextMessage
  | ImageMessage
  | AudioMessage
  | VideoMessage
  | PtvMessage
  | DocumentMessage
  | StickerMessage
  | LocationMessage
  | LiveLocationMessage
  | ContactMessage
  | ContactsMessage
  | ReactionMessage
  | ButtonReplyMessage
  | ListReplyMessage
  | ListMessage
  | ButtonsMessage
  | TemplateMessage
  | CarouselMessage
  | PixKeyMessage
  | PollMessage
  | PollVoteMessage
  | ProductMessage
  | OrderMessage
  | RequestPaymentMessage
  | SendPaymentMessage
  | ReviewAndPayMessage
  | ReviewOrderMessage
  | NewsletterAdminInviteMessage
  | PinMessage
  | EventMessage
  | EventResponseMessage
  | OtherMessage;

/** Names of the documented notifications */
export type NotificationName =
  | "REVOKE"
  | "PHONE_NUMBER_SHARED"
  | "GROUP_MEMBER_LABEL_CHANGE"
  | "CALL_VOICE"
  | "CALL_VIDEO"
  | "CALL_MISSED_VOICE"
  | "CALL_MISSED_VIDEO"
  | "CALL_REJECTED"
  | "CALL_ACCEPTED"
  | "MEMBERSHIP_APPROVAL_REQUEST"
  | "REVOKED_MEMBERSHIP_REQUESTS"
  | "GROUP_CREATE"
  | "GROUP_PARTICIPANT_ADD"
  | "GROUP_PARTICIPANT_INVITE"
  | "GROUP_PARTICIPANT_REMOVE"
  | "GROUP_PARTICIPANT_LEAVE"
  | "GROUP_PARTICIPANT_PROMOTE"
  | "GROUP_PARTICIPANT_DEMOTE"
  | "GROUP_PARTICIPANT_CHANGE_NUMBER"
  | "GROUP_CHANGE_SUBJECT"
  | "GROUP_CHANGE_DESCRIPTION"
  | "GROUP_CHANGE_INVITE_LINK"
  | "GROUP_CHANGE_RESTRICT"
  | "GROUP_CHANGE_ANNOUNCE"
  | "GROUP_CHANGE_ICON"
  | "CHANGE_EPHEMERAL_SETTING"
  | "GROUP_MEMBER_ADD_MODE"
  | "GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE"
  | "GROUP_MEMBER_LINK_PROPERTY_UPDATE"
  | "CONTACT_PICTURE_UPDATED"
  | "GROUP_DELETE"
  | "COMMUNITY_LINK_PARENT_GROUP"
  | "COMMUNITY_LINK_SUB_GROUP"
  | "COMMUNITY_LINK_SIBLING_GROUP"
  | "COMMUNITY_UNLINK_PARENT_GROUP"
  | "COMMUNITY_UNLINK_SUB_GROUP"
  | "COMMUNITY_UNLINK_SIBLING_GROUP"
  | "NEWSLETTER_ADMIN_PROMOTE"
  | "NEWSLETTER_ADMIN_DEMOTE"
  | "NEWSLETTER_MEMBER_JOIN"
  | "NEWSLETTER_MEMBER_LEAVE"
  | "NEWSLETTER_MUTE_ON"
  | "NEWSLETTER_MUTE_OFF"
  | "PROFILE_NAME_UPDATED"
  | "PROFILE_PICTURE_UPDATED"
  | "PROFILE_STATUS_UPDATED"
  | "CHAT_LABEL_ASSOCIATION"
  | "PAYMENT_ACTION_REQUEST_DECLINED"
  | "E2E_ENCRYPTED"
  | "BLUE_MSG_SELF_PREMISE_UNVERIFIED"
  | "BLUE_MSG_SELF_PREMISE_VERIFIED"
  | "BIZ_MOVE_TO_CONSUMER_APP";

/** Something happened to a group, channel, call, profile or message */
export interface Notification {
  chatLid: string | null;
  /** digits of the connected account */
  connectedPhone: string;
  isGroup: boolean;
  isNewsletter: boolean;
  instanceId: string;
  /** chat: digits, <digits>@lid, <id>-group, <id>-broadcast or <id>@newsletter */
  phone: string;
  fromMe: boolean;
  /** epoch milliseconds */
  momment: number;
  /** null for what concerns the own profile */
  chatName: string | null;
  senderPhoto: string | null;
  senderName: string;
  /** name of a sender who shows no number */
  senderUsername?: string;
  photo: string | null;
  broadcast: boolean;
  /** group sender, digits; absent in 1:1 chats */
  participantPhone?: string;
  participantLid: string | null;
  type: "ReceivedCallback";
  messageId?: string;
  status: "RECEIVED" | "MESSAGE_RECEIVED";
  expiresAt: null;
  referenceMessageId: null;
  externalAdReply: null;
  forwarded: false;
  notification: NotificationName | (string & {});
  notificationParameters?: string[] | {
    phone: string;
    label: string;
    assigned: boolean;
  }[];
  callId: string | null;
  code: string | null;
  requestMethod?: string;
  linkMode?: string;
  profileName?: string;
  updatedPhoto?: string;
  text?: {
    message: string;
  };
}

/** A message arrived that cannot be read yet; its content may follow under the same messageId */
export interface WaitingMessage {
  /** digits of the connected account */
  connectedPhone: string;
  isGroup: boolean;
  isNewsletter: boolean;
  instanceId: string;
  /** chat: digits, <digits>@lid, <id>-group, <id>-broadcast or <id>@newsletter */
  phone: string;
  fromMe: boolean;
  /** epoch milliseconds */
  momment: number;
  chatName: string;
  senderPhoto: string | null;
  senderName: string;
  /** name of a sender who shows no number */
  senderUsername?: string;
  photo: string | null;
  broadcast: boolean;
  /** group sender, digits; absent in 1:1 chats */
  participantPhone?: string;
  participantLid: string | null;
  type: "ReceivedCallback";
  messageId: string;
  status: "RECEIVED";
  waitingMessage: true;
  /** it can be opened once, on the phone only */
  viewOnce: boolean;
}

/** A message, or something that happened */
export type ReceivedCallback =
  | Message
  | Notification
  | WaitingMessage;

/** WhatsApp took a queued message, or it was given up */
export interface DeliveryCallback {
  /** destination */
  phone: string;
  /** the id the send call returned */
  zaapId: string;
  messageId: string;
  type: "DeliveryCallback";
  instanceId: string;
  /** epoch milliseconds */
  momment: number;
  /** only when it failed */
  error?: string;
  errorCode?: string;
}

/** Messages were sent, received, read or played */
export interface MessageStatusCallback {
  instanceId: string;
  status: "SENT" | "RECEIVED" | "READ" | "READ_BY_ME" | "PLAYED" | "PLAYED_BY_ME";
  ids: string[];
  /** epoch milliseconds */
  momment: number;
  /** device number, 0 is the phone */
  phoneDevice?: number;
  /** digits of the member */
  participant?: string;
  /** device number of the member, 0 is the phone */
  participantDevice?: number;
  phone: string;
  type: "MessageStatusCallback";
  isGroup: boolean;
}

/** A contact types, records, comes or goes */
export interface PresenceChatCallback {
  type: "PresenceChatCallback";
  phone: string;
  status: "UNAVAILABLE" | "AVAILABLE" | "COMPOSING" | "PAUSED" | "RECORDING";
  /** epoch milliseconds; null when hidden or unknown */
  lastSeen: number | null;
  instanceId: string;
  isGroup?: true;
  /** who it is, in a group */
  participant?: string;
  participantLid?: string | null;
}

/** The account connected to WhatsApp */
export interface ConnectedCallback {
  type: "ConnectedCallback";
  connected: true;
  /** epoch milliseconds */
  momment: number;
  instanceId: string;
  /** digits of the connected account */
  phone: string;
  isBusiness?: boolean;
}

/** The account disconnected from WhatsApp */
export interface DisconnectedCallback {
  /** epoch milliseconds */
  momment: number;
  error: string;
  disconnected: true;
  type: "DisconnectedCallback";
  instanceId: string;
  /** What WhatsApp refused the login with */
  refusal?: {
    kind: "removed" | "restricted" | "locked" | "banned" | "version" | "client" | "rate" | "server" | "unknown";
    /** WhatsApp's own number for it */
    code: number;
    /** What the account is restricted for */
    cause?: "strangers" | "blocked" | "groups" | "repeated" | "broadcast" | "unknown";
    /** When a restriction ends by itself, epoch milliseconds */
    until?: number;
    /** WhatsApp's own words */
    header?: string;
    subtext?: string;
  };
}

/** A chunk of the phone's history arrived */
export interface HistorySyncCallback {
  type: "HistorySyncCallback";
  instanceId: string;
  /** epoch milliseconds */
  momment: number;
  syncType: string;
  chunkOrder: number;
  /** percent */
  progress: number;
  conversationCount: number;
  statusMessageCount: number;
  pushnameCount: number;
  data: null;
}

/** WhatsApp asks for the passkey of the account that is being linked; see GET …/passkey */
export interface PasskeyCallback {
  type: "PasskeyCallback";
  stage: "required";
  instanceId: string;
  /** epoch milliseconds */
  momment: number;
  /** epoch milliseconds until which the passkey can be given */
  expiresAt: number;
}

/** New chats are locked, their lock has another end, or it is over; messages to new chats wait meanwhile */
export interface NewChatsCallback {
  type: "NewChatsCallback";
  status: "LOCKED" | "OPEN";
  instanceId: string;
  /** epoch milliseconds */
  momment: number;
  /** while locked: WhatsApp's word for why, or CAPPED when the quota of new chats is used up */
  kind?: string;
  /** while locked: epoch milliseconds of its end; null while WhatsApp names none */
  until?: number | null;
}

/** The body of any webhook; `type` tells which */
export type WebhookBody =
  | ReceivedCallback
  | DeliveryCallback
  | MessageStatusCallback
  | PresenceChatCallback
  | ConnectedCallback
  | DisconnectedCallback
  | HistorySyncCallback
  | PasskeyCallback
  | NewChatsCallback;

/** Headers of every webhook request. */
export interface WebhookHeaders {
  /** Id of the event; the same on every try and every replay. */
  "webhook-id": string;
  /** When this try was made, epoch seconds. */
  "webhook-timestamp": string;
  /** `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several are separated by spaces. */
  "webhook-signature": string;
  "x-wazapi-instance-id": string;
  "x-wazapi-event-type": WebhookBody["type"];
  /** 1, 2, 3… inside the instance. */
  "x-wazapi-sequence": string;
  /** 1 on the first try. */
  "x-wazapi-attempt": string;
}
