/** What a business card says of somebody; everything but name and numbers is optional. */
export interface CardFacts {
  readonly name: string;
  /** Digits with country code. */
  readonly phones: readonly string[];
  readonly firstName?: string | undefined;
  readonly middleName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly namePrefix?: string | undefined;
  readonly nameSuffix?: string | undefined;
  readonly nickname?: string | undefined;
  readonly email?: string | undefined;
  readonly url?: string | undefined;
  readonly organization?: string | undefined;
  readonly businessDescription?: string | undefined;
  readonly jobTitle?: string | undefined;
  readonly address?: CardAddress | undefined;
  /** YYYY-MM-DD. */
  readonly birthday?: string | undefined;
  readonly note?: string | undefined;
}

/** A postal address. */
export interface CardAddress {
  readonly type?: string | undefined;
  readonly postBox?: string | undefined;
  readonly extended?: string | undefined;
  readonly street?: string | undefined;
  readonly city?: string | undefined;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country?: string | undefined;
}

/**
 * A vCard 3.0 (RFC 2426). WhatsApp protocol: `waid` names the account of a number, which gives it a button to write to;
 * lines are not folded.
 */
export function vCard(facts: CardFacts): string {
  const { firstName, middleName, lastName, namePrefix, nameSuffix, address } = facts;
  const parts = [lastName, firstName, middleName, namePrefix, nameSuffix];
  const named = parts.some((part) => part !== undefined)
    ? parts
    : [undefined, facts.name, undefined, undefined, undefined];
  const lines = [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:${structured(named)}`,
    `FN:${escaped(facts.name)}`,
    ...line("NICKNAME", facts.nickname),
    // What a business says of itself stands where its name would.
    ...line("ORG", facts.organization ?? facts.businessDescription),
    ...line("TITLE", facts.jobTitle),
    ...facts.phones.map((digits) => `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`),
    ...line("EMAIL", facts.email),
    ...line("URL", facts.url),
    ...(address === undefined ? [] : [addressLine(address)]),
    ...line("BDAY", facts.birthday),
    ...line("NOTE", facts.note),
    ...line("X-WA-BIZ-DESCRIPTION", facts.businessDescription),
    "END:VCARD",
  ];
  return lines.join("\n");
}

function addressLine(address: CardAddress): string {
  const { type, postBox, extended, street, city, region, postalCode, country } = address;
  // A parameter cannot be escaped, so only a plain word becomes one.
  const kind = type !== undefined && /^[A-Za-z-]+$/.test(type) ? `;type=${type.toUpperCase()}` : "";
  return `ADR${kind}:${structured([postBox, extended, street, city, region, postalCode, country])}`;
}

function line(name: string, value: string | undefined): readonly string[] {
  return value === undefined || value === "" ? [] : [`${name}:${escaped(value)}`];
}

const structured = (parts: readonly (string | undefined)[]): string =>
  parts.map((part) => escaped(part ?? "")).join(";");

/** RFC 2426: backslash, comma, semicolon and line break mean something in a value. */
function escaped(text: string): string {
  return text.replaceAll(/[\\,;]/g, String.raw`\$&`).replaceAll(/\r\n?|\n/g, String.raw`\n`);
}
