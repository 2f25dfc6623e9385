import type { AssertionJson, RequestOptions } from "./assertion.ts";
import type { PasskeyInfo, PasskeyInput } from "./passkey.ts";

/** How far a ceremony is: asked, assertion accepted, code known, last step taken, over. */
export type CeremonyStage = "asked" | "answered" | "code" | "requested" | "over";

/** A ceremony as control calls show it. */
export interface CeremonyInfo {
  readonly number: string;
  readonly stage: CeremonyStage;
  /** The eight symbols on the phone's screen. */
  readonly code?: string;
  /** What the proof of the handoff was worth; a right one spares the comparison. */
  readonly proof?: "right" | "wrong" | "none";
}

/** What can be done with the passkeys of accounts. Methods throw `SandboxError`. */
export interface PasskeyControl {
  /** From now on linking this account asks for its passkey, or does not. A passkey is made when there is none. */
  passkey(input: PasskeyInput): Promise<PasskeyInfo>;
  /** Signs with the account's passkey as its authenticator would. Throws `conflict` when a browser holds it. */
  passkeySign(input: { readonly number: string; readonly options: RequestOptions }): Promise<AssertionJson>;
  /** The person compared the code on the phone with that on the other screen. Throws `not_found`, `conflict`. */
  passkeyConfirm(input: { readonly number: string; readonly match: boolean }): Promise<CeremonyInfo>;
}
