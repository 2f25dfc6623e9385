import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { ActionButton } from "#domain/outgoing/interactive.ts";

/** A button or list of the newer kind: the name of a flow and its parameters. */
export type FlowButton = proto.Message.InteractiveMessage.NativeFlowMessage.INativeFlowButton;

/** A flow button with these parameters. */
export function flowButton(name: string, params: Readonly<Record<string, unknown>>): FlowButton {
  return { name, buttonParamsJson: JSON.stringify(params) };
}

/** WhatsApp protocol: which flow a button is, and what that flow calls its target. */
const flowsOfButtons: {
  readonly [Type in ActionButton["type"]]: (button: Extract<ActionButton, { readonly type: Type }>) => FlowButton;
} = {
  reply: ({ id, label }) => flowButton("quick_reply", { display_text: label, id, disabled: false }),
  url: ({ label, url }) => flowButton("cta_url", { display_text: label, url, merchant_url: url, disabled: false }),
  call: ({ label, phone }) => flowButton("cta_call", { display_text: label, phone_number: phone, disabled: false }),
  copy: ({ label, code }) => flowButton("cta_copy", { display_text: label, copy_code: code, disabled: false }),
};

/** A button as it goes over the wire. */
export function flowOfButton(button: ActionButton): FlowButton {
  // The table gives each type its own builder; the compiler cannot tie the two uses of `button` together.
  const build = flowsOfButtons[button.type] as (button: ActionButton) => FlowButton;
  return build(button);
}

/** The flows of one message or card. */
export function nativeFlow(
  buttons: readonly FlowButton[],
): Pick<proto.Message.IInteractiveMessage, "nativeFlowMessage"> {
  return { nativeFlowMessage: { messageVersion: 1, buttons: [...buttons] } };
}

/**
 * WhatsApp protocol: phones show flows and lists only when the stanza says beside the ciphertext what is in it. Names
 * and versions as other clients send them; no public description says which of them today's phones insist on.
 */
export const bizNodes = {
  /** Buttons of any kind, and carousels. */
  buttons: flowNode({ name: "mixed", v: "9" }),
  /** A Pix key. */
  pix: flowNode({ name: "payment_info" }),
  /** A bill. */
  order: flowNode({ name: "order_details" }),
  /** News of an order or of its payment. */
  orderUpdate: flowNode({ name: "order_status" }),
  /** A list of options. */
  list: bizNode({ tag: "list", attrs: { type: "product_list", v: "2" } }),
} as const satisfies Record<string, BinaryNode>;

function flowNode(attrs: Readonly<Record<string, string>>): BinaryNode {
  return bizNode({
    tag: "interactive",
    attrs: { type: "native_flow", v: "1" },
    content: [{ tag: "native_flow", attrs: { ...attrs } }],
  });
}

function bizNode(inner: BinaryNode): BinaryNode {
  return { tag: "biz", attrs: {}, content: [inner] };
}
