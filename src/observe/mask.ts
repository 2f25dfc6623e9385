import { createHmac, randomBytes } from "node:crypto";

/** Hides in a text what must not be read in logs and reports. */
export interface Mask {
  /** Tokens, credentials, QR codes and what looks like a key; query strings of URLs. */
  readonly secrets: (text: string) => string;
  /** JIDs and phone numbers become short names that stay the same while the process lives. */
  readonly people: (text: string) => string;
  /** JIDs only: for texts that are ids and may contain long runs of digits. */
  readonly jids: (text: string) => string;
}

const hidden = "***";

/** Tried in this order. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  // The token of an instance is part of its routes.
  [/(\/token\/)[^/\s?"']+/gi, `$1${hidden}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${hidden}`],
  [/\bwhsec_[\w+/=-]+/g, hidden],
  // User and password, then query and fragment of a URL.
  [/([a-z][a-z\d+.-]*:\/\/)[^\s/?#"']*@/gi, `$1${hidden}@`],
  [/([a-z][a-z\d+.-]*:\/\/[^\s"'?#]*)[?#][^\s"']*/gi, `$1?${hidden}`],
  // A QR code of WhatsApp: reference and keys, joined by commas.
  [/\b\d@[\w+/=]{16,}(?:,[\w+/=]*)*/g, hidden],
  // Nothing that is written for people is that long without a space.
  [/[\w+/=-]{120,}/g, hidden],
];

const jid = /(?<!\w)\d[\d-]{4,}(?:[._]\d+)*(?::\d+)?@([a-z][a-z.]*)/gi;
/** Not inside an id, a decimal or a formatted time. */
const phone = /(?<![\w.@~-])\+?\d{8,15}(?![\w-])/g;

/** The names of people begin with a key of this process: without it a phone number is found by trying them all. */
export function createMask(key: Buffer = randomBytes(32)): Mask {
  const short = (value: string): string => {
    const digits = value.replace(/\D/g, "");
    const hash = createHmac("sha256", key).update(digits).digest("hex").slice(0, 8);
    // Letters only: a name that is all digits would be taken for a number again.
    return `~${hash.replace(/\d/g, (digit) => "ghijklmnop".charAt(Number(digit)))}`;
  };
  const jids = (text: string): string =>
    text.includes("@")
      ? text.replace(jid, (whole: string, server: string) => `${short(whole.split(/[@:._]/, 1)[0] ?? "")}@${server}`)
      : text;
  return {
    secrets: (text) => secretPatterns.reduce((masked, [pattern, by]) => masked.replace(pattern, by), text),
    jids,
    people: (text) => jids(text).replace(phone, short),
  };
}
