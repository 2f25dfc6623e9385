import { expect } from "vitest";

/** What the device of the contact decrypts (JSON parameters parsed), and what the webhook of our own message says. */
export interface Expected {
  readonly type?: "list" | "interactive";
  readonly message: object;
  readonly nodes: readonly object[];
  readonly webhook: object;
}
/** One request and what must come of it. */
export type Row = readonly [name: string, path: string, body: Record<string, unknown>, expected: Expected];

/** One dot, as PNG. */
export const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/** A document of no pages. */
export const pdf = `data:application/pdf;base64,${Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64")}`;

/** What stands beside flows. */
export const flowNodes = (attrs: Readonly<Record<string, string>>) => [
  {
    tag: "biz",
    attrs: {},
    content: [{ tag: "interactive", attrs: { type: "native_flow", v: "1" }, content: [{ tag: "native_flow", attrs }] }],
  },
];
/** What stands beside buttons and cards. */
export const mixed = flowNodes({ name: "mixed", v: "9" });
/** What stands beside lists. */
export const listNodes = [
  { tag: "biz", attrs: {}, content: [{ tag: "list", attrs: { type: "product_list", v: "2" } }] },
];

/** A button that answers, as it is on the wire. */
export const reply = (id: string, label: string) => ({
  name: "quick_reply",
  params: { display_text: label, id, disabled: false },
});
/** A header with a picture. */
export const picture = { hasMediaAttachment: true, imageMessage: { mimetype: expect.stringMatching(/^image\//) } };
/** Hundredths, as they are on the wire. */
export const money = (value: number) => ({ value, offset: 100 });
/** A generated id. */
export const anyId = expect.stringMatching(/^[0-9A-F]{16,32}$/);

/** Opens a page. */
export const site = {
  name: "cta_url",
  params: { display_text: "Site", url: "https://a.example", merchant_url: "https://a.example", disabled: false },
};
/** Calls somebody. */
export const call = {
  name: "cta_call",
  params: { display_text: "Call", phone_number: "+5511999999999", disabled: false },
};
/** Copies a code. */
export const copy = { name: "cta_copy", params: { display_text: "Copy", copy_code: "123456", disabled: false } };

/** The webhook of a message with buttons. */
export const template = (buttons: readonly object[], more: object = {}) => ({
  hydratedTemplate: { message: "Well?", hydratedButtons: buttons, ...more },
});
/** A button that answers, in a webhook. */
export const quickReply = (index: number, id: string, displayText: string) => ({
  index,
  quickReplyButton: { displayText, id },
});

/** The message with the JSON inside its JSON as values. */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) =>
      name === "buttonParamsJson" ? ["params", JSON.parse(String(inner))] : [name, readable(inner)],
    ),
  );
}
