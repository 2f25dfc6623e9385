import { WazapiError } from "./errors.ts";
import { canonicalJid, parseJid, personJid, statusJid } from "./jid.ts";

// E.164 allows fifteen digits; the shortest numbers with a country code have seven.
const phoneDigits = /^[1-9]\d{6,14}$/;
// Groups made before November 2021 are named after their founder and the second they were made in.
const legacyGroup = /^\d{7,15}-\d{10}$/;
const masks = /^\+?[\d\s().-]+$/;

/**
 * The chat a caller means: digits (a mask like `+55 (11) 99999-9999` is taken off), `<id>-group`,
 * `<founder>-<timestamp>` with or without `-group`, `<id>@newsletter` or `<id>-channel`, `<id>@lid`,
 * `<id>-broadcast`, `status`, or any JID. Answers the canonical JID; throws `invalid_phone`.
 */
export function parseChat(input: string): string {
  const text = input.trim();
  if (text.includes("@")) return chatJid(text) ?? refuse(input);
  if (text === "status") return statusJid;
  const suffixed = /^([\d-]+)-(group|channel|broadcast)$/.exec(text);
  if (suffixed?.[1] !== undefined)
    return chatJid(`${suffixed[1]}@${suffixServers[suffixed[2] ?? ""]}`) ?? refuse(input);
  if (legacyGroup.test(text)) return `${text}@g.us`;
  return personJid(phoneDigitsOf(text) ?? refuse(input));
}

/** The person a caller means: digits, a person's JID or `<id>@lid`. Answers the canonical JID; throws `invalid_phone`. */
export function parsePerson(input: string): string {
  const jid = parseChat(input);
  const server = parseJid(jid)?.server;
  return server === "s.whatsapp.net" || server === "lid" ? jid : refuse(input);
}

/**
 * How callers see a chat: digits, `<id>@lid` for a person without a known number, `<id>-group`, `<id>-broadcast`,
 * `status@broadcast`, `<id>@newsletter`.
 */
export function phoneOf(jid: string): string {
  const parsed = parseJid(jid);
  switch (parsed?.server) {
    case "s.whatsapp.net":
      return parsed.user;
    case "g.us":
      return `${parsed.user}-group`;
    case "broadcast":
      return parsed.user === "status" ? statusJid : `${parsed.user}-broadcast`;
    default:
      return canonicalJid(jid);
  }
}

/** The digits of a number written with or without a mask; undefined when it is none. */
export function phoneDigitsOf(text: string): string | undefined {
  const digits = masks.test(text) ? text.replace(/\D/g, "") : "";
  return phoneDigits.test(digits) ? digits : undefined;
}

const suffixServers: Readonly<Record<string, string>> = {
  group: "g.us",
  channel: "newsletter",
  broadcast: "broadcast",
};

/** The canonical JID of a chat that is spelt plausibly; undefined otherwise. */
function chatJid(text: string): string | undefined {
  const parsed = parseJid(text);
  if (parsed === undefined) return undefined;
  const { user, server } = parsed;
  switch (server) {
    case "s.whatsapp.net":
      // The announcements of WhatsApp itself come from number 0.
      return phoneDigits.test(user) || user === "0" ? canonicalJid(text) : undefined;
    case "g.us":
      return /^\d{5,25}$/.test(user) || legacyGroup.test(user) ? canonicalJid(text) : undefined;
    case "broadcast":
      return /^(?:\d{5,25}|status)$/.test(user) ? canonicalJid(text) : undefined;
    case "lid":
    case "newsletter":
    case "bot":
      return /^\d{1,25}$/.test(user) ? canonicalJid(text) : undefined;
    case "call":
      return undefined;
  }
}

function refuse(input: string): never {
  throw new WazapiError("invalid_phone", { details: { length: input.length } });
}
