import { say, sayFirst } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

/** A message as protobuf JSON: contents that only business accounts write, and some that apps write by themselves. */
function raw(
  webhook: Trigger["webhook"],
  summary: string,
  proto: (stage: Stage) => Readonly<Record<string, unknown>>,
): Trigger {
  return { webhook, summary, fire: async (stage) => [await say(stage, { proto: proto(stage) })] };
}

const buttons = (text = "Shall we?") => ({
  buttonsMessage: {
    contentText: text,
    headerType: "EMPTY",
    buttons: [
      { buttonId: "yes", buttonText: { displayText: "Yes" }, type: "RESPONSE" },
      { buttonId: "no", buttonText: { displayText: "No" }, type: "RESPONSE" },
    ],
  },
});

const list = (text = "Choose one") => ({
  listMessage: {
    title: "Colours",
    description: text,
    buttonText: "Open",
    footerText: "until Friday",
    listType: "SINGLE_SELECT",
    sections: [{ title: "Cold", rows: [{ title: "Blue", description: "The blue one", rowId: "blue" }] }],
  },
});

const button = (name: string, params: unknown) => ({ name, buttonParamsJson: JSON.stringify(params) });

const flow = (name: string, params: unknown) => ({
  interactiveMessage: { nativeFlowMessage: { buttons: [button(name, params)] } },
});

const amount = (value: number) => ({ value, offset: 100 });

const bill = (status: string) => ({
  reference_id: "REF1",
  type: "physical-goods",
  currency: "BRL",
  payment_status: status,
  total_amount: amount(6_050),
  order: {
    status: "pending",
    subtotal: amount(6_000),
    shipping: amount(50),
    discount: amount(0),
    tax: amount(0),
    order_request_id: "REQ1",
    items: [{ retailer_id: "cake", name: "Cake", amount: amount(6_000), quantity: 1 }],
  },
});

/** Contents of the business platform, and answers to them. */
export const businessContents = {
  buttons: raw("ReceivedCallback.buttons", "a text with buttons", ({ text }) => buttons(text)),
  "button-reply": {
    webhook: "ReceivedCallback.buttonReply",
    summary: "a button that is pressed",
    fire: async (stage) => {
      const messageId = await say(stage, { proto: buttons() });
      return [messageId, await say(stage, { buttonReply: { messageId, id: "yes", label: "Yes" } })];
    },
  },
  list: raw("ReceivedCallback.list", "a list of options", ({ text }) => list(text)),
  "list-reply": {
    webhook: "ReceivedCallback.listReply",
    summary: "an option of a list that is chosen",
    fire: async (stage) => {
      const messageId = await say(stage, { proto: list() });
      return [messageId, await say(stage, { listReply: { messageId, id: "blue", label: "Blue" } })];
    },
  },
  template: raw("ReceivedCallback.template", "a template with buttons", ({ text = "Your order is on its way" }) => ({
    templateMessage: {
      hydratedTemplate: {
        hydratedContentText: text,
        hydratedFooterText: "Shop",
        hydratedTitleText: "Hello",
        templateId: "790000000000001",
        hydratedButtons: [
          { index: 0, urlButton: { displayText: "Track", url: "https://shop.example/t" } },
          { index: 1, quickReplyButton: { displayText: "Help", id: "help" } },
          { index: 2, callButton: { displayText: "Call", phoneNumber: "+5511900000099" } },
        ],
      },
    },
  })),
  carousel: raw("ReceivedCallback.carousel", "cards side by side", ({ text = "Our offers" }) => ({
    interactiveMessage: {
      body: { text },
      carouselMessage: {
        cards: [
          {
            header: { title: "Shoe" },
            body: { text: "A red shoe" },
            footer: { text: "99.90" },
            nativeFlowMessage: {
              buttons: [
                button("cta_url", { display_text: "Buy", url: "https://shop.example/shoe" }),
                button("quick_reply", { display_text: "More", id: "more" }),
                button("cta_call", { display_text: "Call", phone_number: "+5511900000099" }),
              ],
            },
          },
        ],
      },
    },
  })),
  pix: raw("ReceivedCallback.pixKey", "a PIX key to pay to", () =>
    flow("payment_info", {
      currency: "BRL",
      reference_id: "REF1",
      payment_settings: [
        {
          type: "pix_static_code",
          pix_static_code: { merchant_name: "Shop", key: "shop@example.com", key_type: "EMAIL" },
        },
      ],
    }),
  ),
  bill: raw("ReceivedCallback.reviewAndPay", "a bill to review and pay", () => flow("review_and_pay", bill("pending"))),
  "bill-paid": raw("ReceivedCallback.reviewOrder", "the news of a bill", () => flow("review_order", bill("paid"))),
  product: raw("ReceivedCallback.product", "a product of a catalogue", ({ contact }) => ({
    productMessage: {
      businessOwnerJid: `${contact}@s.whatsapp.net`,
      product: {
        productId: "90001",
        title: "Shoe",
        description: "Red",
        currencyCode: "BRL",
        priceAmount1000: "99900",
        retailerId: "SKU1",
        url: "https://shop.example/1",
        productImageCount: 1,
      },
    },
  })),
  order: raw("ReceivedCallback.order", "an order", ({ own, text = "two please" }) => ({
    orderMessage: {
      orderId: "4500001",
      token: "dG9rZW4=",
      itemCount: 2,
      message: text,
      orderTitle: "Shop",
      sellerJid: `${own}@s.whatsapp.net`,
      totalAmount1000: "199800",
      totalCurrencyCode: "BRL",
    },
  })),
  "payment-request": raw("ReceivedCallback.requestPayment", "somebody asks for money", ({ contact, now }) => ({
    requestPaymentMessage: {
      amount1000: "12500",
      currencyCodeIso4217: "BRL",
      requestFrom: `${contact}@s.whatsapp.net`,
      expiryTimestamp: String(Math.floor(now() / 1000) + 86_400),
    },
  })),
  payment: raw("ReceivedCallback.sendPayment", "somebody pays", ({ text = "lunch" }) => ({
    sendPaymentMessage: { noteMessage: { conversation: text } },
  })),
  "channel-invite": raw(
    "ReceivedCallback.newsletterAdminInvite",
    "an invitation to run a channel",
    ({ now, text }) => ({
      newsletterAdminInviteMessage: {
        newsletterJid: "120363000000000009@newsletter",
        newsletterName: "News",
        caption: text ?? "Help me run it",
        inviteExpiration: String(Math.floor(now() / 1000) + 604_800),
      },
    }),
  ),
  "group-invite": raw("ReceivedCallback.text", "an invitation to a group", ({ text = "Join us" }) => ({
    groupInviteMessage: {
      groupJid: "120363000000000001@g.us",
      inviteCode: "AbCdEf123",
      groupName: "Family",
      caption: text,
    },
  })),
  pin: {
    webhook: "ReceivedCallback.pin",
    summary: "a message that is pinned",
    fire: async (stage) => {
      const messageId = await sayFirst(stage);
      const { own, contact, onOwnPhone, group } = stage;
      const remoteJid = group ?? `${onOwnPhone ? contact : own}@s.whatsapp.net`;
      const key = { remoteJid, fromMe: true, id: messageId };
      const proto = {
        pinInChatMessage: { key, type: "PIN_FOR_ALL", senderTimestampMs: String(stage.now()) },
        messageContextInfo: { messageAddOnDurationInSecs: 604_800 },
      };
      return [messageId, await say(stage, { proto })];
    },
  },
  other: raw("ReceivedCallback.other", "a kind of message without a documented form", () => ({
    albumMessage: { expectedImageCount: 3, expectedVideoCount: 0 },
  })),
} as const satisfies Record<string, Trigger>;
