import { proto, type KeyPair } from "@whiskeysockets/baileys";
import { deriveKeyPair, sign } from "../signal/curve.ts";

/** The server's long-term keys and the certificates that tie its static key to its root. */
export interface ServerKeys {
  readonly root: KeyPair;
  readonly intermediate: KeyPair;
  /** The key of the Noise handshake. */
  readonly static: KeyPair;
  /** Encoded `CertChain`, ready for a handshake. */
  readonly certChain: Uint8Array;
}

/** The keys that belong to this seed: a sandbox that starts again with the same seed is the same server to its clients. */
export function createServerKeys(seed: Uint8Array): ServerKeys {
  const root = deriveKeyPair(seed, "sandbox server root");
  const intermediate = deriveKeyPair(seed, "sandbox server intermediate");
  const leaf = deriveKeyPair(seed, "sandbox server static");
  const certChain = proto.CertChain.encode({
    // WhatsApp protocol: the intermediate names issuer 0, the root; the leaf names the intermediate's serial.
    intermediate: certificate({ serial: 1, issuerSerial: 0, key: intermediate.public }, root),
    leaf: certificate({ serial: 2, issuerSerial: 1, key: leaf.public }, intermediate),
  }).finish();
  return { root, intermediate, static: leaf, certChain };
}

/** Seconds since 1970 at which the certificates end: the year 2100. */
const notAfter = 4_102_444_800;

function certificate(
  details: { readonly serial: number; readonly issuerSerial: number; readonly key: Uint8Array },
  issuer: KeyPair,
): proto.CertChain.INoiseCertificate {
  const encoded = proto.CertChain.NoiseCertificate.Details.encode({ ...details, notBefore: 0, notAfter }).finish();
  return { details: encoded, signature: sign(issuer, encoded) };
}
