/**
 * What a refusal means. `removed`: the phone unlinked this device. `restricted`: the account may not log in until a
 * moment. `locked`: WhatsApp asks its owner for something on the phone. `banned`: until an appeal succeeds. `version`:
 * this WhatsApp Web is too old. `client`: something else about this program. `rate`: too many tries. `server`: passing.
 */
export const refusalKinds = [
  "removed",
  "restricted",
  "locked",
  "banned",
  "version",
  "client",
  "rate",
  "server",
  "unknown",
] as const;

/** What a refusal means. */
export type RefusalKind = (typeof refusalKinds)[number];

/**
 * What an account is restricted for: messages to people who do not know it, having been blocked by many, groups made
 * with people who do not know it, one text sent too often, broadcast lists.
 */
export const restrictionCauses = ["strangers", "blocked", "groups", "repeated", "broadcast", "unknown"] as const;

/** What an account is restricted for. */
export type RestrictionCause = (typeof restrictionCauses)[number];

/** Why WhatsApp did not let an account in. Kept with the state of its connection. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** WhatsApp's own number for it. */
  readonly code: number;
  /** Of `restricted`. */
  readonly cause?: RestrictionCause;
  /** Epoch milliseconds at which it ends by itself; undefined when nobody said. */
  readonly until?: number;
  /** WhatsApp's own words, as its apps would show them: one line each, bounded. */
  readonly header?: string;
  readonly subtext?: string;
}

const sentences = {
  removed: "The phone has unlinked this device",
  restricted: "WhatsApp restricts this account",
  locked: "WhatsApp has locked this account; its owner has to act on the phone",
  banned: "WhatsApp has banned this account; its owner can ask for a review on the phone",
  version: "WhatsApp refuses this version of WhatsApp Web",
  client: "WhatsApp refuses this program",
  rate: "WhatsApp was asked too often",
  server: "WhatsApp is not available",
  unknown: "WhatsApp refuses the login",
} as const satisfies Record<RefusalKind, string>;

const causes = {
  strangers: "too many messages to people who do not know this number",
  blocked: "too many people blocked this number",
  groups: "too many groups with people who do not know this number",
  repeated: "the same message was sent too often",
  broadcast: "too much was sent to broadcast lists",
  unknown: undefined,
} as const satisfies Record<RestrictionCause, string | undefined>;

/** The refusal in one plain sentence without a full stop, with its end (UTC), its cause and WhatsApp's own words. */
export function refusalText({ kind, code, cause, until, header, subtext }: Refusal): string {
  const words = [header, subtext].filter((word) => word !== undefined);
  return [
    sentences[kind],
    until === undefined ? "" : ` until ${new Date(until).toISOString().replace(/\.\d+Z$/, "Z")}`,
    cause === undefined || causes[cause] === undefined ? "" : `: ${causes[cause]}`,
    ` (code ${code})`,
    words.length === 0 ? "" : `. It says: ${words.join(" — ")}`,
  ].join("");
}
