import { randomBytes } from "node:crypto";
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  Curve,
  derivePairingCodeKey,
  hkdf,
  type KeyPair,
} from "@whiskeysockets/baileys";
import { SandboxError } from "../sandbox-error.ts";

/** What the phone keeps between its hello and the companion's last word. */
export interface LinkCodeState {
  readonly phoneIdentity: KeyPair;
  readonly ephemeral: KeyPair;
  /** The companion's ephemeral key as the typed code unwrapped it; a wrong code yields another key. */
  readonly companionEphemeral: Uint8Array;
}

/**
 * The phone's side after its owner typed the code: what `primary_hello` carries, and the state for
 * {@link finishLinkCode}. `companionWrapped` is what `companion_hello` carried. Throws `invalid`.
 */
export async function startLinkCode(input: {
  readonly code: string;
  readonly phoneIdentity: KeyPair;
  readonly companionWrapped: Uint8Array;
}): Promise<{
  readonly wrappedEphemeral: Uint8Array;
  readonly primaryIdentity: Uint8Array;
  readonly state: LinkCodeState;
}> {
  const wrapped = Buffer.from(input.companionWrapped);
  if (wrapped.length !== 80) throw new SandboxError("invalid", "the companion's wrapped key is not 80 bytes");
  const code = asShown(input.code);
  const ephemeral = Curve.generateKeyPair();
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const [theirs, ours] = await Promise.all([
    derivePairingCodeKey(code, wrapped.subarray(0, 32)),
    derivePairingCodeKey(code, salt),
  ]);
  const companionEphemeral = aesDecryptCTR(wrapped.subarray(48), theirs, wrapped.subarray(32, 48));
  return {
    wrappedEphemeral: Buffer.concat([salt, iv, aesEncryptCTR(ephemeral.public, ours, iv)]),
    primaryIdentity: input.phoneIdentity.public,
    state: { phoneIdentity: input.phoneIdentity, ephemeral, companionEphemeral },
  };
}

/**
 * Opens what `companion_finish` carried and answers the secret of the device identity. Throws `refused` when the code
 * was wrong or the bundle is for another identity.
 */
export function finishLinkCode(
  state: LinkCodeState,
  input: { readonly wrappedBundle: Uint8Array; readonly companionIdentity: Uint8Array },
): { readonly advSecret: Uint8Array } {
  const { phoneIdentity, ephemeral, companionEphemeral } = state;
  try {
    const wrapped = Buffer.from(input.wrappedBundle);
    const shared = Curve.sharedKey(ephemeral.private, companionEphemeral);
    const key = hkdf(shared, 32, {
      salt: wrapped.subarray(0, 32),
      info: "link_code_pairing_key_bundle_encryption_key",
    });
    const bundle = aesDecryptGCM(wrapped.subarray(44), key, wrapped.subarray(32, 44), Buffer.alloc(0));
    const identities = Buffer.concat([input.companionIdentity, phoneIdentity.public]);
    if (bundle.length !== 96 || !bundle.subarray(0, 64).equals(identities)) throw new Error("other identities");
    const identityShared = Curve.sharedKey(phoneIdentity.private, input.companionIdentity);
    const secret = Buffer.concat([shared, identityShared, bundle.subarray(64)]);
    return { advSecret: hkdf(secret, 32, { info: "adv_secret" }) };
  } catch (cause) {
    throw new SandboxError("refused", "the pairing code is wrong", { cause });
  }
}

/** Clients show the code with a dash in its middle that is not part of it. */
function asShown(code: string): string {
  const bare = code.trim();
  return bare.length === 9 ? bare.replace(/^(.{4})[- ](.{4})$/, "$1$2") : bare;
}
