/** How an account stands with WhatsApp. */
export interface StandingControl {
  /**
   * From now on every login of this account is refused with this `<failure>`, and whoever is online is sent away; until
   * then (epoch milliseconds), or until it is lifted.
   */
  refuse(input: {
    readonly number: string;
    readonly reason: number;
    readonly attrs?: Readonly<Record<string, string>>;
    readonly until?: number;
  }): Promise<void>;
  /** Logins are let in again. */
  pardon(input: { readonly number: string }): Promise<void>;
}
