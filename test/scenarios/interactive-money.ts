import { anyId, flowNodes, money, type Row } from "./interactive.ts";

/** What is bought, as the API takes it. */
export const order = {
  currency: "BRL",
  discount: 10,
  tax: 5,
  shipping: 10,
  products: [
    { name: "Cake", value: 299.95, quantity: 2, productId: "custom-item-7", isCustomItem: true },
    { name: "Tea", value: 0.1, quantity: 1, productId: "77", isCustomItem: false },
  ],
};
const bill = {
  currency: "BRL",
  type: "physical-goods",
  total_amount: money(60_500),
  order: {
    order_type: "ORDER",
    subtotal: money(60_000),
    discount: money(1000),
    shipping: money(1000),
    tax: money(500),
    items: [
      { retailer_id: "custom-item-7", name: "Cake", amount: money(29_995), quantity: 2 },
      { retailer_id: "77", product_id: "77", name: "Tea", amount: money(10), quantity: 1 },
    ],
  },
};
const billed = {
  currency: "BRL",
  total: 605,
  subTotal: 600,
  discount: 10,
  shipping: 10,
  tax: 5,
  products: [
    { name: "Cake", quantity: 2, isCustomItem: true, productId: "custom-item-7", value: 299.95 },
    { name: "Tea", quantity: 1, isCustomItem: false, productId: "77", value: 0.1 },
  ],
};
/** What became of it. */
export const update = {
  messageId: "3EB0ORDER",
  referenceId: "REF",
  orderRequestId: "REQ",
  orderStatus: "shipped",
  paymentStatus: "paid",
  order,
};
const updated = { referenceId: "REF", orderRequestId: "REQ", orderStatus: "shipped", paymentStatus: "paid", ...billed };

/** Pix keys, bills and what becomes of them. */
export const moneyRows: readonly Row[] = [
  [
    "a Pix key, Z-API",
    "/send-button-pix",
    { pixKey: "shop@a.example", type: "EMAIL", merchantName: "Shop" },
    {
      message: {
        body: { text: "Pagamento via PIX" },
        nativeFlowMessage: {
          buttons: [
            {
              name: "payment_info",
              params: {
                currency: "BRL",
                reference_id: anyId,
                total_amount: money(0),
                order: { order_type: "ORDER_WITHOUT_AMOUNT" },
                payment_settings: [
                  {
                    type: "pix_static_code",
                    pix_static_code: { key: "shop@a.example", key_type: "EMAIL", merchant_name: "Shop" },
                  },
                  { type: "cards", cards: { enabled: false } },
                ],
              },
            },
          ],
        },
      },
      nodes: flowNodes({ name: "payment_info" }),
      webhook: {
        pixKeyMessage: {
          currency: "BRL",
          referenceId: anyId,
          key: "shop@a.example",
          keyType: "EMAIL",
          merchantName: "Shop",
        },
      },
    },
  ],
  [
    "a Pix key with an amount, Go",
    "/send-button-pix",
    { pixKey: "k", type: "EVP", name: "Shop", message: "Pay", amount: 19.99, transactionId: "T1" },
    {
      message: {
        body: { text: "Pay" },
        nativeFlowMessage: {
          buttons: [
            {
              name: "payment_info",
              params: {
                reference_id: "T1",
                total_amount: money(1999),
                order: { order_type: "ORDER", subtotal: money(1999) },
              },
            },
          ],
        },
      },
      nodes: flowNodes({ name: "payment_info" }),
      webhook: { pixKeyMessage: { referenceId: "T1", key: "k", keyType: "EVP" } },
    },
  ],
  [
    "a bill",
    "/send-order",
    { order, paymentSettings: { pix: { key: "k", keyType: "randomKey", name: "Shop" }, card: { enabled: true } } },
    {
      message: {
        nativeFlowMessage: {
          buttons: [
            {
              name: "review_and_pay",
              params: {
                ...bill,
                reference_id: anyId,
                payment_status: "pending",
                order: { ...bill.order, status: "pending", order_request_id: anyId },
                payment_settings: [
                  { type: "pix_static_code", pix_static_code: { key: "k", key_type: "EVP", merchant_name: "Shop" } },
                  { type: "cards", cards: { enabled: true } },
                ],
              },
            },
          ],
        },
      },
      nodes: flowNodes({ name: "order_details" }),
      webhook: {
        reviewAndPay: {
          type: "physical-goods",
          referenceId: anyId,
          orderRequestId: anyId,
          orderStatus: "pending",
          paymentStatus: "pending",
          ...billed,
        },
      },
    },
  ],
  ...(["/order-status-update", "/order-payment-update"] as const).map((path): Row => [
    `news of an order by ${path}`,
    path,
    { ...update, message: "On its way" },
    {
      message: {
        body: { text: "On its way" },
        contextInfo: { stanzaId: "3EB0ORDER" },
        nativeFlowMessage: {
          buttons: [
            {
              name: "review_order",
              params: {
                ...bill,
                reference_id: "REF",
                payment_status: "paid",
                order: { ...bill.order, status: "shipped", order_request_id: "REQ" },
              },
            },
          ],
        },
      },
      nodes: flowNodes({ name: "order_status" }),
      webhook: { reviewOrder: updated },
    },
  ]),
];
