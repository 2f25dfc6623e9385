import { signWebhook } from "./sign.ts";

/** The event that a webhook request carries, and which try it is. */
export interface WebhookEvent {
  readonly eventId: string;
  readonly instanceId: string;
  readonly type: string;
  readonly sequence: number;
  /** From 1. */
  readonly attempt: number;
}

/** Headers of a webhook request, signature included. Pure; `atMs` is the time of this very try. */
export function webhookHeaders(
  { eventId, instanceId, type, sequence, attempt }: WebhookEvent,
  { body, secrets, atMs }: { readonly body: string; readonly secrets: readonly string[]; readonly atMs: number },
): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": "wazapi",
    ...signWebhook({ id: eventId, body, atMs }, secrets),
    "x-wazapi-instance-id": instanceId,
    "x-wazapi-event-type": type,
    "x-wazapi-sequence": String(sequence),
    "x-wazapi-attempt": String(attempt),
  };
}
