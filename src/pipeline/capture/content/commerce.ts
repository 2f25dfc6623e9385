import type { proto } from "@whiskeysockets/baileys";
import type { Bill, PaymentInfo } from "#domain/captured-content.ts";
import { userOf } from "#domain/jid.ts";
import { numberOf } from "../numbers.ts";
import { type ContentContext, type Converted, textOr } from "./converted.ts";
import { fileOf, thumbnailOf } from "./files.ts";

/** A product of a catalogue. */
export function convertProduct(message: proto.Message.IProductMessage): Converted {
  const product = message.product;
  const image = product?.productImage ?? undefined;
  return {
    content: {
      type: "product",
      image: image !== undefined,
      businessOwner: userOf(textOr(message.businessOwnerJid)),
      currencyCode: textOr(product?.currencyCode),
      productId: textOr(product?.productId),
      title: textOr(product?.title),
      description: textOr(product?.description),
      imageCount: numberOf(product?.productImageCount),
      price: numberOf(product?.priceAmount1000) / 1000,
      url: textOr(product?.url),
      retailerId: textOr(product?.retailerId),
      firstImageId: textOr(product?.firstImageId),
    },
    ...(image === undefined ? {} : { media: [fileOf("image", image, "main")] }),
  };
}

/** An order out of a catalogue. The products are not in the message; asking for them is the customer's choice. */
export function convertOrder(message: proto.Message.IOrderMessage): Converted {
  const media = thumbnailOf(message.thumbnail);
  const total = numberOf(message.totalAmount1000);
  return {
    content: {
      type: "order",
      orderId: textOr(message.orderId),
      token: textOr(message.token),
      itemCount: numberOf(message.itemCount),
      message: textOr(message.message),
      orderTitle: textOr(message.orderTitle),
      seller: userOf(textOr(message.sellerJid)),
      thumbnail: media.length > 0,
      currency: textOr(message.totalCurrencyCode),
      total,
      subTotal: total,
      products: [],
    },
    ...(media.length === 0 ? {} : { media }),
  };
}

/** Somebody asks for money. */
export function convertRequestPayment(
  message: proto.Message.IRequestPaymentMessage,
  context: Pick<ContentContext, "payment">,
): Converted {
  const money = message.amount;
  const offset = numberOf(money?.offset) || 1000;
  const fallback = { amount1000: numberOf(message.amount1000), currency: textOr(message.currencyCodeIso4217) };
  const value = money ? numberOf(money.value) / offset : fallback.amount1000 / 1000;
  const currencyCode = textOr(money?.currencyCode) || fallback.currency;
  return {
    content: {
      type: "requestPayment",
      value,
      currencyCode,
      expiration: numberOf(message.expiryTimestamp) * 1000,
      requestPhone: userOf(textOr(message.requestFrom)),
      paymentInfo: paymentOf(context.payment, { value, currencyCode, status: "WAITING_FOR_PAYER" }),
    },
  };
}

/** Somebody sent money. */
export function convertSendPayment(context: Pick<ContentContext, "payment">): Converted {
  return {
    content: {
      type: "sendPayment",
      paymentInfo: paymentOf(context.payment, { value: 0, currencyCode: "", status: "UNKNOWN_STATUS" }),
    },
  };
}

/** A PIX key, a bill or an order's review; undefined when the message is none of them. */
export function convertNativeFlow(message: proto.Message.IInteractiveMessage): Converted | undefined {
  for (const button of message.nativeFlowMessage?.buttons ?? []) {
    const params = parsedParams(button.buttonParamsJson);
    if (button.name === "payment_info") return { content: pixKeyOf(params) };
    if (button.name === "review_and_pay") {
      return { content: { type: "reviewAndPay", goods: word(params["type"]), ...billOf(params) } };
    }
    if (button.name === "review_order") return { content: { type: "reviewOrder", ...billOf(params) } };
  }
  return undefined;
}

type Params = Readonly<Record<string, unknown>>;

/** JSON parameters of a flow; empty when they cannot be read. */
export function parsedParams(json: string | null | undefined): Params {
  try {
    return recordOf(JSON.parse(json ?? "{}"));
  } catch {
    // Somebody else's client wrote it; what it meant is lost, the message is not.
    return {};
  }
}

/** A parameter as text. */
export function word(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function pixKeyOf(params: Params) {
  const code = recordOf(listOf(params["payment_settings"]).map(recordOf)[0]?.["pix_static_code"]);
  return {
    type: "pixKey",
    currency: word(params["currency"]),
    referenceId: word(params["reference_id"]),
    key: word(code["key"]),
    keyType: word(code["key_type"]),
    merchantName: word(code["merchant_name"]),
  } as const;
}

function billOf(params: Params): Bill {
  const order = recordOf(params["order"]);
  return {
    currency: word(params["currency"]),
    referenceId: word(params["reference_id"]),
    orderRequestId: word(order["order_request_id"] ?? params["order_request_id"]),
    orderStatus: word(order["status"]),
    paymentStatus: word(params["payment_status"]),
    total: unitsOf(params["total_amount"]),
    subTotal: unitsOf(order["subtotal"]),
    discount: unitsOf(order["discount"]),
    shipping: unitsOf(order["shipping"]),
    tax: unitsOf(order["tax"]),
    products: listOf(order["items"])
      .map(recordOf)
      .map((item) => {
        const productId = word(item["product_id"] ?? item["retailer_id"]);
        return {
          name: word(item["name"]),
          quantity: Number(item["quantity"] ?? 0),
          isCustomItem: productId.startsWith("custom-item-"),
          productId,
          value: unitsOf(item["amount"]),
        };
      }),
  };
}

/** WhatsApp protocol: `{ value, offset }`, the offset being units per currency unit. */
function unitsOf(amount: unknown): number {
  const { value, offset } = recordOf(amount);
  return Number(value ?? 0) / (Number(offset ?? 0) || 1);
}

function paymentOf(
  payment: proto.IPaymentInfo | null | undefined,
  known: { readonly value: number; readonly currencyCode: string; readonly status: string },
): PaymentInfo {
  return {
    receiverPhone: userOf(textOr(payment?.receiverJid)),
    value: payment ? numberOf(payment.amount1000) / 1000 : known.value,
    currencyCode: textOr(payment?.currency) || known.currencyCode,
    status: statusNames[numberOf(payment?.status)] ?? known.status,
    transactionStatus: transactionNames[numberOf(payment?.txnStatus)] ?? "UNKNOWN",
  };
}

// WhatsApp protocol: PaymentInfo.Status; 0 says nothing.
const statusNames: Readonly<Record<number, string>> = {
  1: "PROCESSING",
  2: "SENT",
  3: "NEED_TO_ACCEPT",
  4: "COMPLETE",
  5: "COULD_NOT_COMPLETE",
  6: "REFUNDED",
  7: "EXPIRED",
  8: "REJECTED",
  9: "CANCELLED",
  10: "WAITING_FOR_PAYER",
  11: "WAITING",
};

// WhatsApp protocol: PaymentInfo.TxnStatus.
const transactionNames: readonly string[] = [
  "UNKNOWN",
  "PENDING_SETUP",
  "PENDING_RECEIVER_SETUP",
  "INIT",
  "SUCCESS",
  "COMPLETED",
  "FAILED",
  "FAILED_RISK",
  "FAILED_PROCESSING",
  "FAILED_RECEIVER_PROCESSING",
  "FAILED_DA",
  "FAILED_DA_FINAL",
  "REFUNDED_TXN",
  "REFUND_FAILED",
  "REFUND_FAILED_PROCESSING",
  "REFUND_FAILED_DA",
  "EXPIRED_TXN",
  "AUTH_CANCELED",
  "AUTH_CANCEL_FAILED_PROCESSING",
  "AUTH_CANCEL_FAILED",
  "COLLECT_INIT",
  "COLLECT_SUCCESS",
  "COLLECT_FAILED",
  "COLLECT_FAILED_RISK",
  "COLLECT_REJECTED",
  "COLLECT_EXPIRED",
  "COLLECT_CANCELED",
  "COLLECT_CANCELLING",
  "IN_REVIEW",
  "REVERSAL_SUCCESS",
  "REVERSAL_PENDING",
  "REFUND_PENDING",
];

function recordOf(value: unknown): Params {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
