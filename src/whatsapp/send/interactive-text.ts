import {
  type ActionButton,
  hundredths,
  type InteractiveContent,
  type OrderContent,
  orderTotals,
} from "#domain/outgoing/interactive.ts";

type Lines = readonly (string | undefined)[];

/** What stands between header and footer when a content of this kind is sent as text. */
const bodies: {
  readonly [Kind in InteractiveContent["kind"]]: (
    content: Extract<InteractiveContent, { readonly kind: Kind }>,
  ) => readonly Lines[];
} = {
  buttons: ({ buttons }) => [numbered(buttons.map(buttonLine))],
  optionList: ({ sections }) => {
    const lines = numbered(sections.flatMap(({ rows }) => rows.map(rowLine)));
    let next = 0;
    return sections.map(({ title, rows }) => [bold(title), ...lines.slice(next, (next += rows.length))]);
  },
  carousel: ({ cards }) => {
    const lines = numbered(cards.flatMap(({ buttons }) => buttons.map(buttonLine)));
    let next = 0;
    return cards.map(({ title, text, footer, buttons }) => [
      bold(title),
      text,
      ...lines.slice(next, (next += buttons.length)),
      footer,
    ]);
  },
  pix: ({ merchantName, key, keyType, amount }) => [
    [`${merchantName} (${keyType})`, key, amount === undefined ? undefined : price("BRL", hundredths(amount))],
  ],
  order: ({ order, pix, referenceId }) => [
    orderLines(order),
    [referenceId, ...(pix === undefined ? [] : [`${pix.name} (${pix.keyType})`, pix.key])],
  ],
  orderUpdate: ({ order, changes, orderStatus, paymentStatus, referenceId }) => [
    [`${referenceId}: ${changes === "order" ? orderStatus : paymentStatus}`],
    orderLines(order),
  ],
};

/** The same as plain text: title, text, numbered choices with their links and codes, footer. Files are not in it. */
export function interactiveText(content: InteractiveContent): string {
  // The table gives each kind its own builder; the compiler cannot tie the two uses of `content` together.
  const bodyOf = bodies[content.kind] as (content: InteractiveContent) => readonly Lines[];
  return [[bold(content.header?.title)], [content.text], ...bodyOf(content), [content.footer]]
    .map((lines) => lines.filter((line) => line !== undefined && line !== "").join("\n"))
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

function buttonLine(button: ActionButton): string {
  switch (button.type) {
    case "reply":
      return button.label;
    case "url":
      return `${button.label}: ${button.url}`;
    case "call":
      return `${button.label}: ${button.phone}`;
    case "copy":
      return `${button.label}: ${button.code}`;
  }
}

function rowLine({ title, description }: { readonly title: string; readonly description?: string }): string {
  return description === undefined || description === "" ? title : `${title}: ${description}`;
}

/** The numbers run through the whole message: whoever answers with one is understood. */
function numbered(lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${index + 1}. ${line}`);
}

function orderLines(order: OrderContent): Lines {
  const { currency } = order;
  const { subtotal: _, total, ...extras } = orderTotals(order);
  return [
    ...order.products.map(
      ({ name, quantity, value }) => `${quantity} × ${name}: ${price(currency, hundredths(value) * quantity)}`,
    ),
    ...Object.entries(extras).map(([name, sum]) => (sum === 0 ? undefined : `${name}: ${price(currency, sum)}`)),
    `total: ${price(currency, total)}`,
  ];
}

function price(currency: string, sum: number): string {
  return `${currency} ${(sum / 100).toFixed(2)}`;
}

function bold(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : `*${text}*`;
}
