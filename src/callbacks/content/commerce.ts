import { z } from "zod";
import type { Bill, PaymentInfo } from "#domain/captured-content.ts";
import { defineContent } from "../definition.ts";

const paymentInfo = z.object({
  receiverPhone: z.string(),
  value: z.number().describe("currency units"),
  currencyCode: z.string(),
  status: z.string(),
  transactionStatus: z.string(),
});

const bill = z.object({
  currency: z.string(),
  referenceId: z.string(),
  orderRequestId: z.string(),
  orderStatus: z.string(),
  paymentStatus: z.string(),
  total: z.number().describe("currency units, like all amounts here"),
  subTotal: z.number(),
  discount: z.number(),
  shipping: z.number(),
  tax: z.number(),
  products: z.array(
    z.object({
      name: z.string(),
      quantity: z.int(),
      isCustomItem: z.boolean(),
      productId: z.string(),
      value: z.number(),
    }),
  ),
});

/** A PIX key to pay to. */
export const pixKey = defineContent({
  content: "pixKey",
  summary: "A PIX key to pay to",
  payload: z.object({
    pixKeyMessage: z.object({
      currency: z.string(),
      referenceId: z.string(),
      key: z.string(),
      keyType: z.string().describe("CPF, CNPJ, PHONE, EMAIL or EVP"),
      merchantName: z.string(),
    }),
  }),
  render: ({ currency, referenceId, key, keyType, merchantName }) => ({
    pixKeyMessage: { currency, referenceId, key, keyType, merchantName },
  }),
});

/** A product of a catalogue. */
export const product = defineContent({
  content: "product",
  summary: "A product of a catalogue",
  payload: z.object({
    product: z.object({
      productImage: z.string().nullable(),
      businessOwnerJid: z.string().describe("digits"),
      currencyCode: z.string(),
      productId: z.string(),
      description: z.string(),
      productImageCount: z.int(),
      price: z.number().describe("currency units"),
      url: z.string(),
      retailerId: z.string(),
      firstImageId: z.string(),
      title: z.string(),
    }),
  }),
  render: (content, { media }) => ({
    product: {
      productImage: content.image ? (media("main")?.url ?? null) : null,
      businessOwnerJid: content.businessOwner,
      currencyCode: content.currencyCode,
      productId: content.productId,
      description: content.description,
      productImageCount: content.imageCount,
      price: content.price,
      url: content.url,
      retailerId: content.retailerId,
      firstImageId: content.firstImageId,
      title: content.title,
    },
  }),
});

/** An order out of a catalogue. */
export const order = defineContent({
  content: "order",
  summary: "An order out of a catalogue",
  payload: z.object({
    order: z.object({
      itemCount: z.int(),
      orderId: z.string(),
      message: z.string(),
      orderTitle: z.string(),
      sellerJid: z.string().describe("digits"),
      thumbnailUrl: z.string().nullable(),
      token: z.string(),
      currency: z.string(),
      total: z.int().describe("thousandths of the currency unit, like all amounts here"),
      subTotal: z.int(),
      products: z.array(
        z.object({
          quantity: z.int(),
          name: z.string(),
          productId: z.string(),
          retailerId: z.string(),
          price: z.int(),
          currencyCode: z.string(),
        }),
      ),
    }),
  }),
  render: (content, { media }) => ({
    order: {
      itemCount: content.itemCount,
      orderId: content.orderId,
      message: content.message,
      orderTitle: content.orderTitle,
      sellerJid: content.seller,
      thumbnailUrl: content.thumbnail ? (media("thumbnail")?.url ?? null) : null,
      token: content.token,
      currency: content.currency,
      total: content.total,
      subTotal: content.subTotal,
      products: content.products.map((one) => ({ ...one })),
    },
  }),
});

/** Somebody asks for money. */
export const requestPayment = defineContent({
  content: "requestPayment",
  summary: "Somebody asks for money",
  payload: z.object({
    requestPayment: z.object({
      value: z.number(),
      currencyCode: z.string(),
      expiration: z.int().describe("epoch milliseconds"),
      requestPhone: z.string(),
      paymentInfo,
    }),
  }),
  render: (content) => ({
    requestPayment: {
      value: content.value,
      currencyCode: content.currencyCode,
      expiration: content.expiration,
      requestPhone: content.requestPhone,
      paymentInfo: renderPayment(content.paymentInfo),
    },
  }),
});

/** Somebody sent money. */
export const sendPayment = defineContent({
  content: "sendPayment",
  summary: "Somebody sent money",
  payload: z.object({ sendPayment: z.object({ paymentInfo }) }),
  render: (content) => ({ sendPayment: { paymentInfo: renderPayment(content.paymentInfo) } }),
});

/** A bill to be paid. */
export const reviewAndPay = defineContent({
  content: "reviewAndPay",
  summary: "A bill to be paid",
  payload: z.object({ reviewAndPay: bill.extend({ type: z.string().describe("physical-goods, digital-goods…") }) }),
  render: (content) => ({ reviewAndPay: { type: content.goods, ...renderBill(content) } }),
});

/** An order whose state changed. */
export const reviewOrder = defineContent({
  content: "reviewOrder",
  summary: "An order whose state changed",
  payload: z.object({ reviewOrder: bill }),
  render: (content) => ({ reviewOrder: renderBill(content) }),
});

function renderPayment({ receiverPhone, value, currencyCode, status, transactionStatus }: PaymentInfo) {
  return { receiverPhone, value, currencyCode, status, transactionStatus };
}

function renderBill(content: Bill): z.input<typeof bill> {
  return {
    currency: content.currency,
    referenceId: content.referenceId,
    orderRequestId: content.orderRequestId,
    orderStatus: content.orderStatus,
    paymentStatus: content.paymentStatus,
    total: content.total,
    subTotal: content.subTotal,
    discount: content.discount,
    shipping: content.shipping,
    tax: content.tax,
    products: content.products.map((one) => ({ ...one })),
  };
}
