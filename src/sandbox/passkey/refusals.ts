/** What a client can do wrong while it is linked with a passkey. */
export type PasskeyRefusal =
  /** The assertion's form, challenge, origin, relying party or flags, or its credential. */
  | "passkey-assertion"
  /** A payload that cannot be read or is about something else. */
  | "passkey-payload"
  /** The client asked for no reference before it made its payload. */
  | "passkey-no-ref"
  /** Another device type than it registered with. */
  | "passkey-device-type"
  /** The nonce is not the one that was committed to. */
  | "passkey-commitment"
  /** The proof of the handoff is for another secret. */
  | "passkey-proof"
  /** The new secret is the one that the phone knew already. */
  | "passkey-secret-reused";
