/** What happens to the devices of people, and what they ask for again. */
export interface DeviceControl {
  /**
   * A phone asks for a message again, whatever it is and however old: as somebody who could not read it. `chat` (a
   * number or a group) is needed for messages that this person never got; `count` is which time it asks (default: the
   * next), and from the second on keys come along. Throws `not_found`.
   */
  retry(input: {
    readonly number: string;
    readonly messageId: string;
    readonly chat?: string;
    readonly count?: number;
  }): Promise<{ readonly count: number }>;
  /**
   * A contact installs WhatsApp anew: other keys, no sessions, no sender keys, no further devices. Whoever knew its keys
   * is told. Throws `refused` for an account with linked devices.
   */
  reinstall(input: { readonly number: string }): Promise<{ readonly told: number }>;
  /**
   * A further device of a contact is gone, and nobody is told. `shown`: `gone` (default) it is not in the list of
   * devices either; `signed` the list still names it, but not the phone's signed list of key indexes; `unsigned` nothing
   * shows that it is gone. Throws `not_found`.
   */
  staleDevice(input: {
    readonly number: string;
    readonly device: number;
    readonly shown?: "gone" | "signed" | "unsigned";
  }): Promise<void>;
}
