/** Where linking with a passkey stands. The order of the list is the order in which they come. */
export const passkeyStages = ["required", "waiting_phone", "confirm", "linking"] as const;

/**
 * One of them: the user's passkey is asked for; it was given and the phone has to go on; the codes on both screens have
 * to be compared; the phone is asked to accept.
 */
export type PasskeyStage = (typeof passkeyStages)[number];

/** How it can fail: too late or the connection was lost, WhatsApp or the user said no, the phone never went on. */
export const passkeyFailures = ["expired", "refused", "silent"] as const;

/** One of them. */
export type PasskeyFailure = (typeof passkeyFailures)[number];

/** The options that a browser's `navigator.credentials.get` wants, as WhatsApp sent them; binary members are base64url. */
export interface PasskeyOptions {
  readonly challenge: string;
  readonly rpId?: string;
  readonly [member: string]: unknown;
}

/** What can be seen of it from outside. */
export interface PasskeyView {
  readonly stage: PasskeyStage | "none";
  /** While stage is `required`, once they are known. */
  readonly options?: PasskeyOptions;
  /** Eight symbols with a dash in the middle, once both screens can show them. */
  readonly code?: string;
  /** Epoch milliseconds at which the present stage ends by itself. */
  readonly expiresAt?: number;
  /** Epoch milliseconds until which the passkey spares the comparison of codes. */
  readonly handoffUntil?: number;
  /** Names this ceremony on this connection: two ceremonies never have the same. */
  readonly ceremony?: string;
  /** The last digits of the number that is being linked, when it is known (it is after a pairing code). */
  readonly lastDigits?: string;
}

/** Why it ended, for people. */
export const passkeyFailureTexts = {
  expired: "the passkey was not given in time, or the connection was lost: link again with a new QR code",
  refused: "WhatsApp refused the passkey, or the codes were not the same: link again with a new QR code",
  silent:
    "the phone never continued: is it the passkey of this very number, has the account room for another device? Wait some minutes, then link again",
} as const satisfies Record<PasskeyFailure, string>;

/** What a stage waits for, for people. */
export const passkeyStageTexts = {
  required: "WhatsApp asks for the passkey of this number",
  waiting_phone: "the passkey was given; the phone has to go on",
  confirm: "the code on the phone has to be compared with the one here",
  linking: "the phone is linking this device",
} as const satisfies Record<PasskeyStage, string>;

/** What can be done about it. Every method throws `instance_not_found` for an unknown id. */
export interface PasskeyControl {
  /** Where it stands in this process. */
  readonly passkey: (instanceId: string) => Promise<PasskeyView>;
  /**
   * Gives the browser's credential (`PublicKeyCredential.toJSON()`); resolves once it is checked, before WhatsApp has
   * answered. Throws `conflict` when none is asked for, `passkey_expired`, `invalid_request`.
   */
  readonly answerPasskey: (input: { readonly instanceId: string; readonly credential: unknown }) => Promise<void>;
  /** The codes on both screens are the same, or not. Throws `conflict` when there are none to compare. */
  readonly comparePasskey: (input: { readonly instanceId: string; readonly match: boolean }) => Promise<void>;
}

/** The sentence for a reason of the connection that has to do with the passkey; undefined for all others. */
export function passkeyText(reason: string | undefined): string | undefined {
  const stage = passkeyStages.find((one) => reason === `passkey_${one}`);
  if (stage !== undefined) return passkeyStageTexts[stage];
  const failure = passkeyFailures.find((one) => reason === `passkey_${one}`);
  return failure === undefined ? undefined : passkeyFailureTexts[failure];
}
