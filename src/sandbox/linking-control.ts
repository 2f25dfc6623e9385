/** WhatsApp protocol: the two children by which `companion_reg_refresh` retires the secret of a QR. */
export const rotateForms = ["companion_reg_refresh", "pair-device-rotate-qr"] as const;

/** One of them. */
export type RotateForm = (typeof rotateForms)[number];

/** What WhatsApp does to clients that wait to be linked. */
export interface LinkingControl {
  /**
   * Everybody who shows a QR is told to make another of the same reference: what is shown now is dead. Answers how many
   * clients were told; `form` is the first one unless named.
   */
  rotateQr(input?: { readonly form?: RotateForm }): Promise<{ readonly told: number }>;
  /**
   * WhatsApp takes the pairing code for this number no more, and tells the client; `manual` says that a person has to
   * ask for the next one. Throws `not_found` when no client asked for a code.
   */
  refreshCode(input: { readonly number: string; readonly manual?: boolean }): Promise<void>;
  /** Everybody who is online is told until when its version is taken; `at` in seconds since 1970. */
  clientExpiration(input: { readonly at: number }): Promise<{ readonly told: number }>;
}
