import { describe, expect } from "vitest";

import { known, scenarios } from "./support.ts";
import type { Scenario } from "./support.ts";

const phone = "5511999999999";

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

const reply = (id: string) => ({ id, label: "x" });
const card = { text: "x", image: "https://f.example/a.jpg" };
const row = (id: string) => ({ id, title: "x", description: "" });
const list = { title: "T", buttonLabel: "Open" };
const cheap = { currency: "BRL", products: [{ name: "x", value: 1, quantity: 1 }] };

const refused: readonly (readonly [
  route: string,
  name: string,
  body: Record<string, unknown>,
  answer: Scenario["answer"],
])[] = [
  ["send-button-list", "no buttons", { message: "x" }, { field: "buttonList.buttons" }],
  ["send-button-list", "an empty list", { message: "x", buttonList: { buttons: [] } }, { field: "buttonList.buttons" }],
  ["send-button-list", "no text", { buttonList: { buttons: [reply("1")] } }, { field: "message" }],
  [
    "send-button-list",
    "a button without a label",
    { message: "x", buttonList: { buttons: [{ id: "1" }] } },
    { field: "buttonList.buttons.0.label", error: "buttonList.buttons.0.label: is required" },
  ],
  [
    "send-button-list",
    "a label that is too long",
    { message: "x", buttonList: { buttons: [{ label: "x".repeat(65) }] } },
    { field: "buttonList.buttons.0.label" },
  ],
  [
    "send-button-list",
    "four buttons",
    { message: "x", buttons: ["1", "2", "3", "4"].map(reply) },
    { field: "buttons" },
  ],
  [
    "send-button-list",
    "the same id twice",
    { message: "x", buttonList: { buttons: [reply("1"), reply("1")] } },
    { field: "buttonList.buttons", error: "buttonList.buttons: two of them have the same id" },
  ],
  [
    "send-button-list",
    "both dialects at once",
    { message: "x", buttonList: { buttons: [reply("1")] }, buttons: [reply("1")] },
    { field: "buttons" },
  ],
  [
    "send-button-list",
    "a picture and a film",
    { message: "x", image: "https://f.example/a.jpg", video: "https://f.example/a.mp4", buttons: [reply("1")] },
    { field: "video" },
  ],
  [
    "send-button-actions",
    "replies among others",
    {
      message: "x",
      buttonActions: [
        { type: "REPLY", label: "A" },
        { type: "URL", label: "B", url: "https://a.example" },
      ],
    },
    { field: "buttonActions", error: "buttonActions: REPLY cannot be mixed with other types of button" },
  ],
  [
    "send-button-actions",
    "an unknown type",
    { message: "x", buttonActions: [{ type: "PAY", label: "A" }] },
    { field: "buttonActions.0.type" },
  ],
  [
    "send-button-actions",
    "an address without http",
    { message: "x", buttons: [{ type: "cta_url", label: "A", url: "javascript:alert(1)" }] },
    { field: "buttons.0.url" },
  ],
  [
    "send-button-actions",
    "no address",
    { message: "x", buttonActions: [{ type: "URL", label: "A" }] },
    { field: "buttonActions.0.url" },
  ],
  [
    "send-button-actions",
    "no number",
    { message: "x", buttonActions: [{ type: "CALL", label: "A", phone: "home" }] },
    { field: "buttonActions.0.phone" },
  ],
  [
    "send-button-actions",
    "nothing to copy",
    { message: "x", buttons: [{ type: "cta_copy", label: "A" }] },
    { field: "buttons.0.copyCode" },
  ],
  ["send-button-otp", "no code", { message: "x" }, { field: "code", error: "code: is required" }],
  ["send-button-pix", "no key", { type: "CPF" }, { field: "pixKey" }],
  ["send-button-pix", "an unknown type", { pixKey: "1", type: "IBAN" }, { field: "type" }],
  ["send-button-pix", "less than a cent", { pixKey: "1", type: "CPF", amount: 0.001 }, { field: "amount" }],
  ["send-option-list", "no options", { message: "x" }, { field: "optionList.options" }],
  [
    "send-option-list",
    "no label",
    { message: "x", sections: [{ title: "", rows: [row("1")] }] },
    { field: "buttonLabel" },
  ],
  [
    "send-option-list",
    "the same id in two sections",
    {
      message: "x",
      buttonLabel: "Open",
      sections: [
        { title: "1", rows: [row("1")] },
        { title: "2", rows: [row("1")] },
      ],
    },
    { field: "sections" },
  ],
  [
    "send-option-list",
    "too many rows",
    { message: "x", optionList: { ...list, options: Array.from({ length: 101 }, (_, index) => row(String(index))) } },
    { field: "optionList.options" },
  ],
  ["send-carousel", "no cards", { message: "x" }, { field: "carousel" }],
  [
    "send-carousel",
    "eleven cards",
    { message: "x", carousel: Array.from({ length: 11 }, () => card) },
    { field: "carousel" },
  ],
  [
    "send-carousel",
    "a card without a picture",
    { message: "x", carousel: [{ text: "x" }] },
    { field: "carousel.0.image" },
  ],
  ["send-order", "no products", { order: { currency: "BRL", products: [] } }, { field: "order.products" }],
  ["send-order", "a currency that is none", { order: { ...cheap, currency: "R$" } }, { field: "order.currency" }],
  ["send-order", "a discount above the sum", { order: { ...cheap, discount: 2 } }, { field: "order.discount" }],
  [
    "send-order",
    "half a piece",
    { order: { currency: "BRL", products: [{ name: "x", value: 1, quantity: 0.5 }] } },
    { field: "order.products.0.quantity" },
  ],
  ["order-status-update", "no order id", { ...update, referenceId: undefined }, { field: "referenceId" }],
  ["order-status-update", "no message", { ...update, messageId: undefined }, { field: "messageId" }],
  ["order-payment-update", "an unknown status", { ...update, paymentStatus: "refunded" }, { field: "paymentStatus" }],
  ["order-status-update", "a product without id", { ...update, order: cheap }, { field: "order.products.0.productId" }],
];

describe("messages with buttons: refuses at once", () => {
  scenarios(
    refused.map(([route, name, body, answer]) => ({
      name: `${route}: ${name}`,
      request: `POST ${route}`,
      body: { phone, ...body },
      status: 400,
      answer: { code: "invalid_request", ...(answer as object) },
      after: async (http) => {
        expect(await http.store.queue.count({ instanceId: known.instanceId, states: ["queued"] })).toBe(0);
        expect(http.calls.filter((call) => Array.isArray(call) && call[0] === "ingest")).toEqual([]);
      },
    })),
  );
});
