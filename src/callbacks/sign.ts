import { createHmac } from "node:crypto";

/** The three Standard Webhooks headers. */
export interface SignatureHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** Signs a body with every current secret (`whsec_…`), so that a receiver may know any of them. */
export function signWebhook(
  input: { readonly id: string; readonly body: string; readonly atMs: number },
  secrets: readonly string[],
): SignatureHeaders {
  const timestamp = String(Math.floor(input.atMs / 1000));
  const signed = `${input.id}.${timestamp}.${input.body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  });
  return { "webhook-id": input.id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
