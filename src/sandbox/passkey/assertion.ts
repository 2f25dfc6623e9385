import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { SandboxError } from "../sandbox-error.ts";
import type { Passkey } from "./passkey.ts";

/** What a browser's credential gives as JSON (`PublicKeyCredential.toJSON()`); binary fields are base64url. */
export interface AssertionJson {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly authenticatorAttachment?: string;
  readonly clientExtensionResults?: Readonly<Record<string, unknown>>;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle: string | null;
  };
}

/** Options of a request for an assertion, as far as an authenticator looks at them. */
export interface RequestOptions {
  readonly challenge: string;
  readonly rpId?: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** User present, user verified, and backed up as synced passkeys are. */
const flags = 0x1d;
const userPresentAndVerified = 0x05;

/**
 * Signs as the person's authenticator would, after a touch. Throws `refused` when the options are for another relying
 * party or other credentials, `conflict` when the passkey lives in a browser.
 */
export function signAssertion(passkey: Passkey, options: RequestOptions): AssertionJson {
  const { privateKey, credentialId, userHandle, rpId, origins } = passkey;
  if (privateKey === undefined)
    throw new SandboxError("conflict", "this passkey is not the sandbox's: its browser signs");
  if (options.rpId !== undefined && options.rpId !== rpId) {
    throw new SandboxError("refused", `there is no passkey for ${options.rpId}`);
  }
  const id = base64url(credentialId);
  const allowed = options.allowCredentials ?? [];
  if (allowed.length > 0 && !allowed.some((one) => one.id === id)) {
    throw new SandboxError("refused", "none of the allowed credentials is here");
  }
  const clientData = JSON.stringify({
    type: "webauthn.get",
    challenge: options.challenge,
    origin: origins[0],
    crossOrigin: false,
  });
  const authenticatorData = Buffer.concat([sha256(rpId), Buffer.from([flags, 0, 0, 0, 0])]);
  const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
  return {
    id,
    rawId: id,
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: { uvm: [] },
    response: {
      clientDataJSON: base64url(Buffer.from(clientData)),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(sign("sha256", signed, key)),
      userHandle: userHandle === undefined ? null : base64url(userHandle),
    },
  };
}

/** How the server finds an assertion: its form is wrong, its credential is unknown, or it is the account's. */
export type AssertionVerdict = "unknown" | "right" | { readonly wrong: string };

/** WhatsApp protocol: an assertion is checked for the credential's id, challenge, origin, relying party, flags, signature. */
export function judgeAssertion(
  passkey: Passkey,
  input: {
    readonly challenge: string;
    readonly credentialId: Uint8Array | undefined;
    readonly json: Uint8Array | undefined;
  },
): AssertionVerdict {
  const parsed = parse(input.json);
  if (parsed === undefined) return { wrong: "it is not the JSON of an assertion" };
  const { rawId, clientDataJSON, authenticatorData, signature } = parsed;
  if (input.credentialId === undefined || Buffer.compare(rawId, input.credentialId) !== 0) {
    return { wrong: "credential_id is not rawId" };
  }
  const client = parseClientData(clientDataJSON);
  if (client["type"] !== "webauthn.get") return { wrong: "clientDataJSON has another type" };
  if (client["challenge"] !== input.challenge) return { wrong: "clientDataJSON has another challenge" };
  if (!passkey.origins.includes(String(client["origin"])))
    return { wrong: `the origin is ${String(client["origin"])}` };
  if (!authenticatorData.subarray(0, 32).equals(sha256(passkey.rpId)))
    return { wrong: "it is for another relying party" };
  if (((authenticatorData[32] ?? 0) & userPresentAndVerified) !== userPresentAndVerified) {
    return { wrong: "the user was not present or not verified" };
  }
  if (Buffer.compare(rawId, passkey.credentialId) !== 0) return "unknown";
  const key = createPublicKey({ key: Buffer.from(passkey.publicKey), format: "der", type: "spki" });
  const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
  return verify("sha256", signed, key, signature) ? "right" : "unknown";
}

/** WhatsApp protocol: exactly these members, in this order; a browser's further ones are left out. */
const members = ["id", "rawId", "type", "response"].join();
const responseMembers = ["clientDataJSON", "authenticatorData", "signature", "userHandle"].join();

interface Parsed {
  readonly rawId: Buffer;
  readonly clientDataJSON: Buffer;
  readonly authenticatorData: Buffer;
  readonly signature: Buffer;
}

function parse(json: Uint8Array | undefined): Parsed | undefined {
  const value = jsonOf(json);
  const response: Readonly<Record<string, unknown>> = Object(value["response"]);
  if (Object.keys(value).join() !== members || Object.keys(response).join() !== responseMembers) return undefined;
  const [rawId, clientDataJSON, authenticatorData, signature] = [
    value["rawId"],
    response["clientDataJSON"],
    response["authenticatorData"],
    response["signature"],
  ].map(bytesOf);
  if (value["id"] !== value["rawId"] || value["type"] !== "public-key") return undefined;
  if (response["userHandle"] !== null && bytesOf(response["userHandle"]) === undefined) return undefined;
  if (!rawId || !clientDataJSON || !authenticatorData || authenticatorData.length < 37 || !signature) return undefined;
  return { rawId, clientDataJSON, authenticatorData, signature };
}

function parseClientData(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return jsonOf(bytes);
}

function jsonOf(bytes: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  if (bytes === undefined) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return Object(value);
  } catch {
    return {}; // What is no JSON has none of the members either.
  }
}

/** Base64url without padding, as browsers write it; undefined for anything else, and for nothing. */
function bytesOf(text: unknown): Buffer | undefined {
  return typeof text === "string" && /^[\w-]+$/.test(text) ? Buffer.from(text, "base64url") : undefined;
}

const sha256 = (data: Uint8Array | string): Buffer => createHash("sha256").update(data).digest();

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
