import type { Refusal, RefusalKind, RestrictionCause } from "#domain/refusal.ts";

/**
 * WhatsApp protocol: `reason` of `<failure>`, the answer to a login that is not let in. Source: whatsmeow 2026, which
 * names 403 and 406 as WhatsApp Web does by now (locked, banned; they were "phone gone" and "logged out").
 */
export const failureKinds: Readonly<Record<number, RefusalKind>> = {
  400: "client",
  401: "removed",
  402: "restricted",
  403: "locked",
  405: "version",
  406: "banned",
  409: "client",
  413: "client",
  414: "client",
  415: "client",
  418: "client",
  429: "rate",
  500: "server",
  501: "server",
  503: "server",
};

/** WhatsApp protocol: `code` of a `<failure reason="402">`. Source: whatsmeow 2026. */
export const restrictionCodes: Readonly<Record<number, RestrictionCause>> = {
  101: "strangers",
  102: "blocked",
  103: "groups",
  104: "repeated",
  106: "broadcast",
};

/** WhatsApp protocol: attributes that `<failure>` is known to have. Source: whatsmeow 2026. */
export const failureAttributes: ReadonlySet<string> = new Set([
  "reason",
  "location",
  "code",
  "expire",
  "message",
  "url",
  "logout_message_header",
  "logout_message_subtext",
  "logout_message_locale",
]);

/** Ten years in seconds: a restriction that claims to last longer is not believed. */
const longestSeconds = 315_360_000;
const maxHeader = 200;
const maxSubtext = 600;

/** What the attributes of a `<failure>` say. `now` is epoch milliseconds. */
export function refusalOf(attrs: Readonly<Record<string, unknown>>, now: number): Refusal {
  const code = wholeOf(attrs["reason"]) ?? 500;
  const kind = failureKinds[code] ?? "unknown";
  const header = wordsOf(attrs["logout_message_header"], maxHeader);
  const subtext = wordsOf(attrs["logout_message_subtext"] ?? attrs["message"], maxSubtext);
  const words = { ...(header !== undefined && { header }), ...(subtext !== undefined && { subtext }) };
  if (kind !== "restricted") return { kind, code, ...words };
  const cause = restrictionCodes[wholeOf(attrs["code"]) ?? 0] ?? "unknown";
  const until = endOf(wholeOf(attrs["expire"]), now);
  return { kind, code, cause, ...(until !== undefined && { until }), ...words };
}

/** The end of a restriction from `expire`: how many seconds it lasts; a number that would be decades is a moment. */
function endOf(expire: number | undefined, now: number): number | undefined {
  if (expire === undefined || expire === 0) return undefined;
  if (expire <= longestSeconds) return now + expire * 1000;
  const moment = expire * 1000;
  return moment > now && moment <= now + longestSeconds * 1000 ? moment : undefined;
}

function wholeOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{1,12}$/.test(value)) return undefined;
  return Number(value);
}

/** One line without control characters, cut to `max` characters; undefined when nothing is left. */
function wordsOf(value: unknown, max: number): string | undefined {
  if (typeof value !== "string") return undefined;
  // Cut first: what follows costs by length.
  const line = value
    .slice(0, max * 4)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  // Not in the middle of a pair: databases refuse half of one.
  const cut = line.slice(0, max).replace(/[\uD800-\uDBFF]$/u, "");
  return cut === "" ? undefined : cut;
}
