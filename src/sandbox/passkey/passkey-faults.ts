/** Faults of linking with a passkey; narrowed by the account's number, each at its own moment. */
export const passkeyFaultShapes = {
  /** The request comes without options: the client has to ask for them. */
  "passkey-no-options": { match: ["number"], options: [] },
  /** The request comes twice. */
  "passkey-twice": { match: ["number"], options: [] },
  /** The assertion is refused (`code`, 406 when left out). */
  "passkey-refuse": { match: ["number"], options: ["code"] },
  /** The assertion is accepted, and the phone never continues. */
  "passkey-silent": { match: ["number"], options: [] },
  /** The phone continues so many milliseconds later. */
  "passkey-late": { match: ["number"], options: ["ms"], required: ["ms"] },
  /** The phone continues with a key of 31 bytes. */
  "passkey-bad-key": { match: ["number"], options: [] },
  /** The phone continues with something else. */
  "passkey-wrong-child": { match: ["number"], options: [] },
  /** The last step is refused (`code`, 403 when left out). */
  "passkey-refuse-request": { match: ["number"], options: ["code"] },
  /** `pair-success` overtakes the answer to the last step. */
  "passkey-early-success": { match: ["number"], options: [] },
  /** The socket is cut once the assertion was answered. */
  "passkey-drop-assertion": { match: ["number"], options: [] },
  /** The socket is cut once the last step was answered. */
  "passkey-drop-request": { match: ["number"], options: [] },
  /** After a pairing code was typed the phone's hello carries no keys, and the passkey is asked for beside it. */
  "passkey-bare-hello": { match: ["number"], options: [] },
} as const satisfies Record<
  `passkey-${string}`,
  {
    readonly match: readonly "number"[];
    readonly options: readonly ("code" | "ms")[];
    readonly required?: readonly "ms"[];
  }
>;

/** One of them. */
export type PasskeyFaultType = keyof typeof passkeyFaultShapes;
