import { SandboxError } from "../sandbox-error.ts";

/** What a phone reads from the QR code of a device that wants to be linked. */
export interface PairingQr {
  readonly ref: string;
  /** 32 bytes each. */
  readonly noisePublic: Uint8Array;
  readonly identityPublic: Uint8Array;
  readonly advSecret: Uint8Array;
}

/** WhatsApp protocol: newer clients put the code behind this link. */
const linkPrefix = "https://wa.me/settings/linked_devices#";

/** Reads a QR text, bare or behind the link of linked devices. Throws `invalid`. */
export function parseQr(text: string): PairingQr {
  const trimmed = text.trim();
  const bare = trimmed.startsWith(linkPrefix) ? trimmed.slice(linkPrefix.length) : trimmed;
  const [ref, noise, identity, secret, ...rest] = bare.split(",");
  // The fifth field, the platform, is younger than the others.
  if (ref === undefined || !/^[\w@+/=.-]+$/.test(ref) || rest.length > 1) throw notAQr("it has other fields");
  return {
    ref,
    noisePublic: key32(noise, "the Noise key"),
    identityPublic: key32(identity, "the identity key"),
    advSecret: key32(secret, "the secret"),
  };
}

function key32(field: string | undefined, name: string): Uint8Array {
  const bytes = Buffer.from(field ?? "", "base64");
  if (bytes.length !== 32 || bytes.toString("base64") !== field) throw notAQr(`${name} is not 32 bytes of base64`);
  return bytes;
}

function notAQr(reason: string): SandboxError {
  return new SandboxError("invalid", `this is no pairing QR: ${reason}`);
}
