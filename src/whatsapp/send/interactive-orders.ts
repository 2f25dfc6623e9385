import {
  hundredths,
  type OrderContent,
  orderTotals,
  type OrderUpdateContent,
  type PixContent,
  type SendOrderContent,
} from "#domain/outgoing/interactive.ts";
import { flowButton, type FlowButton } from "./interactive-wire.ts";

/** WhatsApp protocol: the flow of a Pix key; without an amount the payer decides. */
export function pixFlow({ key, keyType, merchantName, amount, referenceId }: PixContent): FlowButton {
  const total = money(amount === undefined ? 0 : hundredths(amount));
  return flowButton("payment_info", {
    currency: "BRL",
    total_amount: total,
    reference_id: referenceId,
    type: "physical-goods",
    order: {
      status: "payment_requested",
      subtotal: total,
      order_type: amount === undefined ? "ORDER_WITHOUT_AMOUNT" : "ORDER",
      items: [{ retailer_id: "0", name: merchantName, amount: total, quantity: 1 }],
    },
    payment_settings: [pixSetting({ key, keyType, name: merchantName }), cardSetting(false)],
    share_payment_status: false,
  });
}

/** WhatsApp protocol: the flow of a bill. */
export function orderFlow({ order, referenceId, orderRequestId, pix, card }: SendOrderContent): FlowButton {
  return flowButton("review_and_pay", {
    reference_id: referenceId,
    type: "physical-goods",
    ...bill(order, { status: "pending", order_type: "ORDER", order_request_id: orderRequestId }),
    payment_status: "pending",
    payment_settings: [...(pix === undefined ? [] : [pixSetting(pix)]), cardSetting(card === true)],
    share_payment_status: false,
  });
}

/** WhatsApp protocol: the flow of an order that has changed; it names both states whichever is the new one. */
export function orderUpdateFlow(update: OrderUpdateContent): FlowButton {
  const { order, referenceId, orderRequestId, orderStatus, paymentStatus } = update;
  return flowButton("review_order", {
    reference_id: referenceId,
    type: "physical-goods",
    ...bill(order, { status: orderStatus, order_type: "ORDER", order_request_id: orderRequestId }),
    payment_status: paymentStatus,
  });
}

function bill(order: OrderContent, state: Readonly<Record<string, string>>) {
  const { subtotal, discount, tax, shipping, total } = orderTotals(order);
  return {
    currency: order.currency,
    total_amount: money(total),
    order: {
      ...state,
      subtotal: money(subtotal),
      discount: money(discount),
      shipping: money(shipping),
      tax: money(tax),
      items: order.products.map(({ name, value, quantity, productId, isCustomItem }) => ({
        retailer_id: productId,
        ...(isCustomItem ? {} : { product_id: productId }),
        name,
        amount: money(hundredths(value)),
        quantity,
      })),
    },
  };
}

/** WhatsApp protocol: `offset` is how many units of `value` make one currency unit. */
function money(value: number) {
  return { value, offset: 100 };
}

function pixSetting({ key, keyType, name }: NonNullable<SendOrderContent["pix"]>) {
  return { type: "pix_static_code", pix_static_code: { merchant_name: name, key, key_type: keyType } };
}

function cardSetting(enabled: boolean) {
  return { type: "cards", cards: { enabled } };
}
