/** What can be done about a message that the server refused with a code. Every try keeps the message's id. */
export type AckRemedy =
  /** Trouble of the server that passes: the same message later. */
  | "later"
  /** The account may not do this for a while. */
  | "restricted"
  /** Number and LID stood in the wrong place: once more by the other name, where there is one. */
  | "readdress"
  /** The group is addressed in another way by now: once more with its members asked for anew. */
  | "refetch"
  /** Perhaps the account is no member any more: its membership decides whether it is worth another try. */
  | "membership"
  /** Final, after one more try. */
  | "onceMore";

/** What one code of the server means. */
export interface AckError {
  readonly means: string;
  readonly remedy: AckRemedy;
  /** What it is when the remedy did not help. */
  readonly otherwise: "later" | "restricted" | "final";
}

/**
 * WhatsApp protocol: the codes in `<ack class="message" error>`. Which of them pass and which are about addressing is
 * known from whatsmeow, whatsapp-rust and Baileys (#2794, #2692, #2711, #2748); how often each comes in practice is not.
 */
export const ackErrors = {
  400: { means: "number and LID are mixed", remedy: "readdress", otherwise: "final" },
  401: { means: "not allowed here", remedy: "membership", otherwise: "final" },
  403: { means: "not allowed here", remedy: "membership", otherwise: "final" },
  404: { means: "no such chat", remedy: "membership", otherwise: "final" },
  405: { means: "not allowed", remedy: "onceMore", otherwise: "final" },
  406: { means: "not acceptable", remedy: "membership", otherwise: "final" },
  408: { means: "the server took too long", remedy: "later", otherwise: "later" },
  421: { means: "the group is addressed otherwise", remedy: "refetch", otherwise: "final" },
  425: { means: "too early", remedy: "later", otherwise: "later" },
  429: { means: "too much at once", remedy: "restricted", otherwise: "restricted" },
  463: { means: "no new chats for this account, or the wrong name", remedy: "readdress", otherwise: "restricted" },
  475: { means: "no new chats for this account", remedy: "restricted", otherwise: "restricted" },
  479: { means: "stale devices, or the wrong name", remedy: "readdress", otherwise: "final" },
  500: { means: "trouble at the server", remedy: "later", otherwise: "later" },
  503: { means: "trouble at the server", remedy: "later", otherwise: "later" },
} as const satisfies Readonly<Record<number, AckError>>;

const known: ReadonlyMap<number, AckError> = new Map(
  Object.entries<AckError>(ackErrors).map(([code, error]) => [Number(code), error]),
);

/** What a code means; `isKnown` is false for one that this version has not heard of: final after one more try. */
export function ackErrorOf(code: number): AckError & { readonly isKnown: boolean } {
  const error = known.get(code);
  if (error !== undefined) return { ...error, isKnown: true };
  const passes = code >= 500;
  return {
    means: "unknown",
    remedy: passes ? "later" : "onceMore",
    otherwise: passes ? "later" : "final",
    isKnown: false,
  };
}
