import { createHash, randomBytes } from "node:crypto";

/** A new instance id: 32 upper-case hex digits, the form Z-API uses. */
export function newInstanceId(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}

/** A new bearer secret: 40 hex digits (160 bits). */
export function newToken(): string {
  return randomBytes(20).toString("hex").toUpperCase();
}

/** A new webhook secret in the Standard Webhooks form. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** A new id of a queued message. */
export function newZaapId(): string {
  return randomBytes(16).toString("hex").toUpperCase();
}

/** A new WhatsApp message id in the form companion devices use (`3EB0` and 18 upper-case hex digits). */
export function newMessageId(): string {
  return `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
}

/** The id of an event: derived, so that the same happening always gets the same id. */
export function eventIdOf(instanceId: string, dedupeKey: string): string {
  return `evt_${createHash("sha256").update(`${instanceId}\n${dedupeKey}`).digest("hex").slice(0, 32)}`;
}

/** The id of a hook: one URL of one instance, whatever slots name it. Its deliveries share a lane. */
export function hookIdOf(instanceId: string, url: string): string {
  return `hook_${createHash("sha256").update(`${instanceId}\n${url}`).digest("hex").slice(0, 16)}`;
}
