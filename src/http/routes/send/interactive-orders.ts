import { randomBytes, randomUUID } from "node:crypto";

import { z } from "zod";

import {
  hundredths,
  type OrderContent,
  orderTotals,
  type PixKeyType,
  type SendOrderContent,
} from "#domain/outgoing/interactive.ts";

import { sendRoute } from "../send-kind.ts";
import { refuse } from "./interactive-buttons.ts";
import { bodyText, experimental, interactiveBase, interactiveFields, takeHeader } from "./interactive-fields.ts";

const keyTypes: Readonly<Record<string, PixKeyType>> = {
  cpf: "CPF",
  cnpj: "CNPJ",
  phone: "PHONE",
  email: "EMAIL",
  evp: "EVP",
  randomkey: "EVP",
};

const pixKeyType = z
  .string()
  .max(16)
  .transform((given, context): PixKeyType => {
    const type = keyTypes[given.toLowerCase()];
    if (type !== undefined) return type;
    context.issues.push({ code: "custom", message: "expected CPF, CNPJ, PHONE, EMAIL or EVP", input: given });
    return z.NEVER;
  })
  .meta({ description: "`CPF`, `CNPJ`, `PHONE`, `EMAIL` or `EVP` (also `randomKey`)" });

const pixKey = z.string().trim().min(1).max(140);

/** Money that has no name for less than a hundredth. */
const money = z
  .number()
  .min(0)
  .max(1_000_000_000)
  .refine((units) => Math.abs(units * 100 - hundredths(units)) < 1e-4, "expected at most two decimals");

const product = z.object({
  name: z.string().min(1).max(256),
  value: money.meta({ description: "Of one piece, in currency units" }),
  quantity: z.int().min(1).max(100_000),
  productId: z
    .string()
    .min(1)
    .max(128)
    .nullish()
    .meta({ description: "Of the catalogue; generated for anything else" }),
  isCustomItem: z.boolean().nullish(),
});

const order = z.object({
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, "expected three letters, e.g. BRL")
    .transform((code) => code.toUpperCase()),
  discount: money.nullish(),
  tax: money.nullish(),
  shipping: money.nullish(),
  products: z.array(product).min(1).max(100),
});

const orderId = z.string().min(1).max(128);

/** A Pix key to copy or pay to. */
const sendButtonPix = sendRoute({
  id: "sendButtonPix",
  path: "/send-button-pix",
  summary: "Send a Pix key with a button that copies it",
  experimental,
  body: interactiveFields.extend({
    pixKey,
    type: pixKeyType,
    merchantName: z.string().max(256).optional().meta({ description: "Title of the button; empty is `Pix`" }),
    message: bodyText.optional().meta({ description: "Default: `Pagamento via PIX`" }),
    amount: money.min(0.01).optional().meta({ description: "In BRL" }),
    transactionId: orderId.optional().meta({ description: "Reference of the payment; generated when left out" }),
  }),
  aliases: { name: "merchantName" },
  content: async ({ body }, context) => ({
    kind: "pix",
    text: body.message ?? "Pagamento via PIX",
    ...(await takeHeader(context, { title: body.title })),
    ...interactiveBase(body),
    key: body.pixKey,
    keyType: body.type,
    merchantName: body.merchantName ? body.merchantName : "Pix",
    ...(body.amount !== undefined && { amount: body.amount }),
    referenceId: body.transactionId ?? newReferenceId(),
  }),
});

/** A bill. */
const sendOrder = sendRoute({
  id: "sendOrder",
  path: "/send-order",
  summary: "Send an order to be paid",
  experimental,
  body: interactiveFields.extend({
    message: bodyText.optional(),
    order,
    paymentSettings: z
      .object({
        pix: z.object({ key: pixKey, keyType: pixKeyType, name: z.string().min(1).max(256) }).nullish(),
        card: z
          .object({ enabled: z.boolean() })
          .nullish()
          .meta({ description: "Cards have to be set up on the phone" }),
      })
      .optional(),
  }),
  content: async ({ body }, context) => ({
    kind: "order",
    text: body.message ?? "",
    order: orderOf(body.order),
    ...(await takeHeader(context, { title: body.title })),
    ...interactiveBase(body),
    referenceId: newReferenceId(),
    orderRequestId: randomBytes(16).toString("hex").toUpperCase(),
    ...paymentOf(body.paymentSettings),
  }),
});

/** Both updates say the same; they differ in which of the two states is the new one. */
function orderUpdate(changes: "order" | "payment") {
  return sendRoute({
    id: changes === "order" ? "orderStatusUpdate" : "orderPaymentUpdate",
    path: changes === "order" ? "/order-status-update" : "/order-payment-update",
    summary: changes === "order" ? "Tell what became of an order" : "Tell what became of the payment of an order",
    experimental,
    body: interactiveFields.extend({
      messageId: orderId.meta({ description: "The message of the order" }),
      referenceId: orderId.meta({ description: "Of the order, from its webhook" }),
      orderRequestId: orderId.meta({ description: "Of the order, from its webhook" }),
      orderStatus: z.enum(["pending", "processing", "shipped", "completed", "canceled"]),
      paymentStatus: z.enum(["pending", "paid"]),
      message: bodyText.optional(),
      order: order.extend({
        products: z
          .array(product.extend({ productId: z.string().min(1).max(128) }))
          .min(1)
          .max(100),
      }),
    }),
    content: async ({ body }, context) => ({
      kind: "orderUpdate",
      changes,
      text: body.message ?? "",
      order: orderOf(body.order),
      ...(await takeHeader(context, { title: body.title })),
      ...interactiveBase(body),
      referenceId: body.referenceId,
      orderRequestId: body.orderRequestId,
      orderStatus: body.orderStatus,
      paymentStatus: body.paymentStatus,
    }),
  });
}

/** The routes about money. */
export const orderRoutes = {
  pix: [sendButtonPix],
  order: [sendOrder],
  orderUpdate: [orderUpdate("order"), orderUpdate("payment")],
} as const;

const customPrefix = "custom-item-";

/** Throws `invalid_request` for a discount that is larger than what there is to pay. */
function orderOf(given: z.output<typeof order>): OrderContent {
  const made: OrderContent = {
    currency: given.currency,
    discount: given.discount ?? 0,
    tax: given.tax ?? 0,
    shipping: given.shipping ?? 0,
    products: given.products.map(({ name, value, quantity, productId, isCustomItem }) => {
      const id = productId ?? `${customPrefix}${randomUUID()}`;
      return { name, value, quantity, productId: id, isCustomItem: isCustomItem ?? id.startsWith(customPrefix) };
    }),
  };
  const { total } = orderTotals(made);
  if (total < 0) refuse("order.discount", "is larger than the rest of the order");
  if (!Number.isSafeInteger(total)) refuse("order.products", "the sum is too large");
  return made;
}

function paymentOf(
  settings:
    | {
        readonly pix?: { readonly key: string; readonly keyType: PixKeyType; readonly name: string } | null | undefined;
        readonly card?: { readonly enabled: boolean } | null | undefined;
      }
    | undefined,
): Pick<SendOrderContent, "pix" | "card"> {
  const { pix, card } = settings ?? {};
  return { ...(pix ? { pix } : {}), ...(card ? { card: card.enabled } : {}) };
}

function newReferenceId(): string {
  return randomBytes(8).toString("hex").toUpperCase();
}
