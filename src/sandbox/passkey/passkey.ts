import { generateKeyPairSync, randomBytes } from "node:crypto";
import { SandboxError } from "../sandbox-error.ts";

/** The passkey of an account: what the server knows of it, and its private half when the sandbox holds that too. */
export interface Passkey {
  /** Linking a device asks for it. */
  readonly required: boolean;
  /** WhatsApp protocol: `whatsapp.com`. Another one is for a browser that has to be on another origin. */
  readonly rpId: string;
  /** Where an assertion may come from. */
  readonly origins: readonly string[];
  readonly credentialId: Uint8Array;
  /** DER of the public key (SPKI), EC P-256 or RSA. */
  readonly publicKey: Uint8Array;
  /** DER (PKCS #8); undefined when the passkey lives in somebody's browser. */
  readonly privateKey: Uint8Array | undefined;
  /** Undefined: the authenticator tells none. */
  readonly userHandle: Uint8Array | undefined;
}

/** A passkey as control calls show it; bytes are base64url. */
export interface PasskeyInfo {
  readonly number: string;
  readonly required: boolean;
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly credentialId: string;
  readonly publicKey: string;
}

/** A change of an account's passkey. What is left out stays. */
export interface PasskeyInput {
  readonly number: string;
  readonly required: boolean;
  /** A credential of a browser or another authenticator, in place of the sandbox's own; base64url. */
  readonly credential?: { readonly id: string; readonly publicKey: string };
  /** Another relying party than WhatsApp's, for a browser that cannot be on its origin. */
  readonly rpId?: string;
  readonly origins?: readonly string[];
}

/** WhatsApp protocol: the relying party of the passkeys, and the origin that every known assertion came from. */
const whatsAppRpId = "whatsapp.com";
const whatsAppOrigins: readonly string[] = ["https://web.whatsapp.com"];

/** A new passkey whose authenticator is the sandbox itself. */
function newPasskey(): Passkey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  return {
    required: true,
    rpId: whatsAppRpId,
    origins: whatsAppOrigins,
    credentialId: randomBytes(16),
    publicKey,
    privateKey,
    userHandle: randomBytes(16),
  };
}

/** What the input makes of the passkey the account has, or of a new one. Throws `invalid` for a credential without id or key. */
export function changedPasskey(known: Passkey | undefined, input: Omit<PasskeyInput, "number">): Passkey {
  const { required, rpId, origins, credential } = input;
  const before = known ?? newPasskey();
  const foreign = credential === undefined ? {} : foreignCredential(credential);
  return { ...before, ...foreign, required, rpId: rpId ?? before.rpId, origins: origins ?? before.origins };
}

function foreignCredential({ id, publicKey }: NonNullable<PasskeyInput["credential"]>): Partial<Passkey> {
  const credentialId = Buffer.from(id, "base64url");
  const key = Buffer.from(publicKey, "base64url");
  if (credentialId.length === 0 || key.length === 0) throw new SandboxError("invalid", "the credential is empty");
  return { credentialId, publicKey: key, privateKey: undefined, userHandle: undefined };
}

/** The passkey for people. */
export function passkeyInfo(number: string, passkey: Passkey): PasskeyInfo {
  const { required, rpId, origins, credentialId, publicKey } = passkey;
  return { number, required, rpId, origins, credentialId: base64url(credentialId), publicKey: base64url(publicKey) };
}

/** A passkey in the state file; bytes are base64url. */
export interface SavedPasskey extends Pick<Passkey, "required" | "rpId" | "origins"> {
  readonly credentialId: string;
  readonly publicKey: string;
  readonly privateKey?: string;
  readonly userHandle?: string;
}

/** As it is kept in the state file. */
export function savePasskey(passkey: Passkey): SavedPasskey {
  const { required, rpId, origins, credentialId, publicKey, privateKey, userHandle } = passkey;
  return {
    required,
    rpId,
    origins,
    credentialId: base64url(credentialId),
    publicKey: base64url(publicKey),
    ...(privateKey !== undefined && { privateKey: base64url(privateKey) }),
    ...(userHandle !== undefined && { userHandle: base64url(userHandle) }),
  };
}

/** Out of the state file; files from before there were passkeys have none. */
export function restorePasskey(saved: SavedPasskey | undefined): Passkey | undefined {
  if (saved === undefined) return undefined;
  const bytes = (text: string | undefined): Uint8Array | undefined =>
    text === undefined ? undefined : Buffer.from(text, "base64url");
  return {
    required: saved.required,
    rpId: saved.rpId,
    origins: saved.origins,
    credentialId: Buffer.from(saved.credentialId, "base64url"),
    publicKey: Buffer.from(saved.publicKey, "base64url"),
    privateKey: bytes(saved.privateKey),
    userHandle: bytes(saved.userHandle),
  };
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
