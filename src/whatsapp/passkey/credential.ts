import { createHash } from "node:crypto";
import { WazapiError } from "#domain/errors.ts";
import type { PasskeyOptions } from "#domain/passkey.ts";

/** A credential as WhatsApp takes it. */
export interface CheckedCredential {
  readonly id: Uint8Array;
  /** JSON text of the assertion, with the members WhatsApp wants and no other. */
  readonly assertion: Buffer;
}

/** WhatsApp protocol: user present and user verified must both be set. */
const presentAndVerified = 0x05;
const maxCharacters = 16_384;
const rpHashBytes = 32;
const leastAuthenticatorBytes = 37;

/**
 * Looks at what a browser's credential gave before anything is sent: WhatsApp counts every try, and answers some
 * mistakes with silence. Throws `invalid_request` that names the field; nothing of the credential is in it.
 */
export function checkCredential(given: unknown, options: PasskeyOptions): CheckedCredential {
  const outer: Readonly<Record<string, unknown>> = Object(given);
  const inner: Readonly<Record<string, unknown>> = Object(outer["response"]);
  const id = base64url(outer["rawId"], "rawId");
  if (outer["id"] !== outer["rawId"]) throw mistake("id", "is not the same as rawId");
  if (outer["type"] !== "public-key") throw mistake("type", "must be public-key");
  const clientData = base64url(inner["clientDataJSON"], "response.clientDataJSON");
  const authenticator = base64url(inner["authenticatorData"], "response.authenticatorData");
  base64url(inner["signature"], "response.signature");
  const { userHandle = null } = inner;
  if (userHandle !== null) base64url(userHandle, "response.userHandle");
  requireAllowed(outer["rawId"], options);
  requireClientData(clientData, options);
  requireAuthenticator(authenticator, options);
  const { id: name, rawId, type } = outer;
  const { clientDataJSON, authenticatorData, signature } = inner;
  // WhatsApp protocol: these members in this order; what browsers add is left out.
  const response = { clientDataJSON, authenticatorData, signature, userHandle };
  return { id, assertion: Buffer.from(JSON.stringify({ id: name, rawId, type, response })) };
}

function requireAllowed(rawId: unknown, { allowCredentials }: PasskeyOptions): void {
  if (!Array.isArray(allowCredentials) || allowCredentials.length === 0) return;
  if (allowCredentials.some((one) => Object(one).id === rawId)) return;
  throw mistake("rawId", "is none of the passkeys that WhatsApp allows here");
}

function requireClientData(bytes: Buffer, { challenge, rpId }: PasskeyOptions): void {
  const field = "response.clientDataJSON";
  const data = jsonOf(bytes);
  if (data["type"] !== "webauthn.get") throw mistake(field, "is not of a sign-in");
  if (data["challenge"] !== challenge) throw mistake(field, "answers another challenge; take the newest");
  if (rpId !== undefined && !isOriginOf(data["origin"], rpId))
    throw mistake(field, `was made on another site than ${rpId}`);
}

/** A secure page of the relying party's host, or below it. */
function isOriginOf(origin: unknown, rpId: string): boolean {
  if (typeof origin !== "string" || !URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  const isSecure = protocol === "https:" || hostname === "localhost";
  return isSecure && (hostname === rpId || hostname.endsWith(`.${rpId}`));
}

function requireAuthenticator(bytes: Buffer, { rpId }: PasskeyOptions): void {
  const field = "response.authenticatorData";
  if (bytes.length < leastAuthenticatorBytes) throw mistake(field, "is too short");
  const hash = createHash("sha256")
    .update(rpId ?? "")
    .digest();
  if (rpId !== undefined && !bytes.subarray(0, rpHashBytes).equals(hash)) throw mistake(field, `is not for ${rpId}`);
  if (((bytes[rpHashBytes] ?? 0) & presentAndVerified) !== presentAndVerified) {
    throw mistake(field, "says that the user was not verified");
  }
}

function jsonOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return Object(value);
  } catch {
    return {}; // The members that are looked for are not there, which is said then.
  }
}

function base64url(value: unknown, field: string): Buffer {
  if (value === undefined) throw mistake(field, "is required");
  if (typeof value !== "string" || !/^[\w-]+$/.test(value) || value.length > maxCharacters) {
    throw mistake(field, "must be base64url without padding");
  }
  return Buffer.from(value, "base64url");
}

function mistake(field: string, says: string): WazapiError {
  return new WazapiError("invalid_request", { message: `${field}: ${says}`, details: { field } });
}
