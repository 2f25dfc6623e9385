import { describe, expect } from "vitest";

import { known, scenarios } from "./support.ts";
import type { TestHttp } from "./support.ts";

const phone = "5511999999999";

/** The content of the only queued message, as the store has it. */
async function queuedIn(http: TestHttp): Promise<unknown> {
  const queued = await http.store.queue.list({ instanceId: known.instanceId, states: ["queued"], limit: 10 });
  expect(queued.length).toBe(1);
  return queued[0]?.outgoing.content;
}

const file = (mimeType: string) => ({ mediaId: "c".repeat(32), bytes: 3, mimeType, facts: {} });
const picture = { media: "image", file: file("image/jpeg") };
const film = { media: "video", file: file("video/mp4") };

const yesNo = [
  { type: "reply", id: "yes", label: "Yes" },
  { type: "reply", id: "2", label: "No" },
];
const codeUrl = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456";
const products = [{ name: "Cake", value: 600, quantity: 1, productId: "custom-item-7", isCustomItem: true }];
const order = { currency: "BRL", discount: 10, tax: 5, shipping: 10, products };
const update = {
  messageId: "3EB0ORDER",
  referenceId: "REF",
  orderRequestId: "REQ",
  orderStatus: "shipped",
  paymentStatus: "paid",
  order,
};

/** Bodies in the words of Z-API and in those of the Go server, and the content both make. */
const accepted: readonly (readonly [route: string, name: string, body: Record<string, unknown>, content: unknown])[] = [
  [
    "send-button-list",
    "Z-API",
    { message: "Well?", buttonList: { buttons: [{ id: "yes", label: "Yes" }, { label: "No" }] } },
    { kind: "buttons", text: "Well?", buttons: yesNo },
  ],
  [
    "send-button-list",
    "Go",
    {
      message: "Well?",
      title: "T",
      footer: "F",
      buttons: [
        { id: "yes", title: "Yes" },
        { id: "2", title: "No" },
      ],
    },
    { kind: "buttons", text: "Well?", header: { title: "T" }, footer: "F", buttons: yesNo },
  ],
  [
    "send-button-list",
    "a generated id stays clear of given ones",
    { message: "Well?", buttonList: { buttons: [{ label: "A" }, { id: 1, label: "B" }] } },
    { buttons: [{ id: "1-1" }, { id: "1" }] },
  ],
  [
    "send-button-list",
    "a picture, Z-API",
    {
      message: "x",
      buttonList: { image: "https://f.example/a.jpg", video: null, buttons: [{ id: null, label: "A" }] },
    },
    { header: picture },
  ],
  [
    "send-button-list",
    "a film, Go",
    { message: "x", video: "https://f.example/a.mp4", buttons: [{ id: "1", title: "A" }] },
    { header: film },
  ],
  [
    "send-button-list",
    "as text",
    { message: "x", sendAsText: true, buttonList: { buttons: [{ label: "A" }] } },
    { asText: true },
  ],
  [
    "send-button-actions",
    "Z-API",
    {
      message: "x",
      title: "T",
      footer: "F",
      buttonActions: [
        { type: "URL", label: "Site", url: "https://a.example", id: "s" },
        { type: "CALL", label: "Call", phone: "+55 11 99999-9999" },
        { type: "URL", label: "Copy", url: codeUrl },
      ],
    },
    {
      kind: "buttons",
      buttons: [
        { type: "url", id: "s", label: "Site", url: "https://a.example" },
        { type: "call", id: "2", label: "Call", phone: "+5511999999999" },
        { type: "copy", id: "3", label: "Copy", code: "123456" },
      ],
    },
  ],
  [
    "send-button-actions",
    "Go",
    {
      message: "x",
      document: "https://f.example/a.pdf",
      documentFilename: "bill.pdf",
      buttons: [
        { id: "s", type: "cta_url", label: "Site", url: "https://a.example" },
        { id: "c", type: "cta_call", label: "Call", phone: 190 },
        { id: "k", type: "cta_copy", label: "Copy", copyCode: "123456" },
      ],
    },
    {
      header: { media: "document", file: { fileName: "bill.pdf" } },
      buttons: [
        { type: "url", id: "s", label: "Site", url: "https://a.example" },
        { type: "call", id: "c", label: "Call", phone: "190" },
        { type: "copy", id: "k", label: "Copy", code: "123456" },
      ],
    },
  ],
  [
    "send-button-actions",
    "replies among themselves",
    {
      message: "x",
      buttonActions: [
        { type: "REPLY", label: "A", id: "a" },
        { type: "quick_reply", label: "B" },
      ],
    },
    {
      buttons: [
        { type: "reply", id: "a" },
        { type: "reply", id: "2" },
      ],
    },
  ],
  [
    "send-button-otp",
    "Z-API",
    { message: "Your code", code: 123456, image: "https://f.example/a.jpg", buttonText: "Copy" },
    { kind: "buttons", header: picture, buttons: [{ type: "copy", label: "Copy", code: "123456" }] },
  ],
  [
    "send-button-otp",
    "Go",
    { message: "Your code", code: "A-1", title: "T", footer: "F" },
    { header: { title: "T" }, footer: "F", buttons: [{ type: "copy", label: "Copiar código", code: "A-1" }] },
  ],
  [
    "send-button-pix",
    "Z-API",
    { pixKey: " shop@a.example ", type: "EMAIL", merchantName: "" },
    {
      kind: "pix",
      text: "Pagamento via PIX",
      key: "shop@a.example",
      keyType: "EMAIL",
      merchantName: "Pix",
      referenceId: expect.stringMatching(/^[0-9A-F]{16}$/),
    },
  ],
  [
    "send-button-pix",
    "Go",
    { pixKey: "1", type: "evp", name: "Shop", message: "Pay", amount: 19.99, transactionId: "T1" },
    { text: "Pay", keyType: "EVP", merchantName: "Shop", amount: 19.99, referenceId: "T1" },
  ],
  [
    "send-option-list",
    "Z-API",
    {
      message: "Choose",
      optionList: {
        title: "Menu",
        buttonLabel: "Open",
        options: [
          { id: "a", title: "A", description: "first" },
          { title: "B", description: "" },
        ],
      },
    },
    {
      kind: "optionList",
      text: "Choose",
      header: { title: "Menu" },
      buttonLabel: "Open",
      sections: [
        {
          title: "",
          rows: [
            { id: "a", title: "A", description: "first" },
            { id: "2", title: "B" },
          ],
        },
      ],
    },
  ],
  [
    "send-option-list",
    "Go",
    {
      message: "Choose",
      title: "Menu",
      footer: "F",
      buttonLabel: "Open",
      sections: [
        { title: "One", rows: [{ id: "a", title: "A", description: "first" }] },
        { title: "Two", rows: [{ id: "b", title: "B" }, { title: "C" }] },
      ],
    },
    {
      header: { title: "Menu" },
      footer: "F",
      sections: [
        { title: "One", rows: [{ id: "a" }] },
        { title: "Two", rows: [{ id: "b" }, { id: "3" }] },
      ],
    },
  ],
  [
    "send-carousel",
    "Z-API",
    {
      message: "Look",
      carousel: [
        {
          text: "One",
          image: "https://f.example/a.jpg",
          buttons: [
            { type: "URL", label: "Site", url: "https://a.example" },
            { type: "CALL", label: "Call", phone: "5511999999999" },
            { type: "REPLY", label: "Later", id: "later" },
          ],
        },
        { text: "Two", image: "https://f.example/b.jpg", buttons: [{ type: "REPLY", label: "Take", id: "two" }] },
        { text: "Three", image: "https://f.example/c.jpg" },
      ],
    },
    {
      kind: "carousel",
      text: "Look",
      layout: "HSCROLL_CARDS",
      cards: [
        {
          text: "One",
          ...picture,
          buttons: [{ type: "url" }, { type: "call", phone: "+5511999999999" }, { id: "later" }],
        },
        { text: "Two", buttons: [{ type: "reply", id: "two" }] },
        { text: "Three", buttons: [] },
      ],
    },
  ],
  [
    "send-carousel",
    "Go",
    {
      cardType: "ALBUM_IMAGE",
      cards: [
        {
          mediaUrl: "https://f.example/a.mp4?x=1",
          body: "One",
          header: "H",
          footer: "F",
          buttons: [{ id: "1", type: "cta_copy", label: "Copy", copyCode: "1" }],
        },
        { mediaUrl: "https://f.example/unknown", body: "Two", buttons: [{ id: "1", type: "quick_reply", label: "A" }] },
      ],
    },
    {
      text: "",
      layout: "ALBUM_IMAGE",
      cards: [
        { text: "One", title: "H", footer: "F", ...film, buttons: [{ type: "copy", code: "1" }] },
        { text: "Two", ...picture },
      ],
    },
  ],
  [
    "send-order",
    "with a new product and ways to pay",
    {
      order: {
        currency: "brl",
        products: [
          { name: "Cake", value: 10.5, quantity: 2 },
          { name: "Tea", value: 1, quantity: 1, productId: "77" },
        ],
      },
      paymentSettings: { pix: { key: "k", keyType: "randomKey", name: "Shop" }, card: { enabled: true } },
    },
    {
      kind: "order",
      order: {
        currency: "BRL",
        discount: 0,
        tax: 0,
        shipping: 0,
        products: [
          { productId: expect.stringMatching(/^custom-item-/), isCustomItem: true },
          { productId: "77", isCustomItem: false },
        ],
      },
      referenceId: expect.stringMatching(/^[0-9A-F]{16}$/),
      orderRequestId: expect.stringMatching(/^[0-9A-F]{32}$/),
      pix: { key: "k", keyType: "EVP", name: "Shop" },
      card: true,
    },
  ],
  ["order-status-update", "Z-API", update, { kind: "orderUpdate", changes: "order", orderStatus: "shipped", order }],
  [
    "order-payment-update",
    "Z-API",
    { ...update, message: "Paid" },
    { changes: "payment", text: "Paid", paymentStatus: "paid", referenceId: "REF", orderRequestId: "REQ" },
  ],
];

describe("messages with buttons: accepts", () => {
  scenarios(
    accepted.map(([route, name, body, content]) => ({
      name: `${route}: ${name}`,
      request: `POST ${route}`,
      body: { phone, ...body },
      status: 200,
      after: async (http) => expect(await queuedIn(http)).toMatchObject(content as object),
    })),
  );

  scenarios([
    {
      name: "an update answers the message of its order",
      request: "POST order-status-update",
      body: { phone, ...update },
      status: 200,
      after: async (http) => {
        const [row] = await http.store.queue.list({ instanceId: known.instanceId, states: ["queued"], limit: 1 });
        expect(row?.outgoing.options).toEqual({ replyTo: "3EB0ORDER" });
      },
    },
  ]);
});
