import { DisconnectReason } from "@whiskeysockets/baileys";
import type { Refusal } from "#domain/refusal.ts";
import { failureAttributes, failureKinds, refusalOf, restrictionCodes } from "./refusals.ts";
import type { UnknownWire } from "../unknown-wire.ts";

/** How a connection ended. */
export interface Close {
  /** WhatsApp's code, or Baileys' for an end without one. */
  readonly statusCode: number;
  /** What `<failure>` said. */
  readonly refusal?: Refusal;
  /** The websocket was never opened: the HTTP answer to the request for it. */
  readonly upgrade?: UpgradeRefused;
  /** It ended right after our hello, before the server had said whether the login succeeded. */
  readonly early?: boolean;
}

/** An HTTP answer other than 101. */
export interface UpgradeRefused {
  readonly status: number;
  /** From `Retry-After`; bounded. */
  readonly retryAfterMs?: number;
}

/** Codes that this version knows as ends of a stream: of WhatsApp, and those that Baileys makes up. */
const knownCloses: ReadonlySet<number> = new Set([401, 408, 411, 428, 440, 500, 503, 515, 516]);

/**
 * Reads the error Baileys closed with. WhatsApp protocol: `<failure>` arrives as its attributes in `data`, a
 * `<stream:error>` as its first child there.
 */
export function closeOf(
  error: unknown,
  at: { readonly now: number; readonly upgrade?: UpgradeRefused | undefined; readonly early: boolean },
): Close {
  const statusCode = statusCodeOf(error);
  const early = at.early && { early: true };
  if (at.upgrade !== undefined) return { statusCode: DisconnectReason.connectionClosed, upgrade: at.upgrade };
  const attrs = failureOf(error);
  return attrs === undefined ? { statusCode, ...early } : { statusCode, refusal: refusalOf(attrs, at.now), ...early };
}

/** What this version does not know about an end, for the watch. */
export function unknownOf(error: unknown): readonly UnknownWire[] {
  const attrs = failureOf(error);
  const statusCode = statusCodeOf(error);
  if (attrs === undefined) return knownCloses.has(statusCode) ? [] : [{ kind: "close", name: String(statusCode) }];
  const strangers = Object.keys(attrs).filter((name) => !failureAttributes.has(name));
  const why = attrs["code"];
  const strangeWhy = typeof why === "string" && !(why in restrictionCodes);
  return [
    ...(strangeWhy ? [{ kind: "failure" as const, name: `${statusCode} code ${why.slice(0, 16)}` }] : []),
    ...(statusCode in failureKinds ? [] : [{ kind: "failure" as const, name: String(statusCode) }]),
    ...strangers.map((name) => ({ kind: "attribute" as const, name: `failure ${name}` })),
  ];
}

/** Attributes of the `<failure>` behind this error, if one is. */
function failureOf(error: unknown): Readonly<Record<string, unknown>> | undefined {
  const data: unknown = Object(error).data;
  if (typeof data !== "object" || data === null || !("reason" in data) || "tag" in data) return undefined;
  return { ...data };
}

/** Baileys reports ends as Boom errors; anything else is a broken connection. */
function statusCodeOf(error: unknown): number {
  const output: unknown = Object(error).output;
  const code: unknown = Object(output).statusCode;
  return typeof code === "number" && Number.isInteger(code) ? code : DisconnectReason.connectionClosed;
}
