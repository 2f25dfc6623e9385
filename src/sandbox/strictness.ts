/** One fact of the real WhatsApp that the sandbox insists on, or is kind about. */
export interface StrictFact {
  /** What the strict sandbox does, in one sentence. */
  readonly says: string;
  /** Words or truth values, the strict one first; or a number with its default and limit. */
  readonly values:
    | readonly [string, string, ...string[]]
    | readonly [boolean, boolean]
    | { readonly default: number; readonly max: number };
}

/** WhatsApp protocol: the last part of `2.3000.n`; the one that the client library this sandbox was tried with brings. */
export const usualRevision = 1_043_857_760;

/**
 * Every fact that the sandbox is strict about unless told otherwise, by the name of its switch. The control route, the
 * command line and the state file follow from this table. Where a fact comes from stands in `docs/whatsapp.md`.
 */
export const strictFacts = {
  offlineQueue: {
    says: "After a login only as many queued stanzas leave as the client asked for; it has to ask again for more.",
    values: ["credit", "window"],
  },
  errorAck: {
    says: "An ack with an error confirms nothing: the stanza stays first in its queue and holds back what is behind it.",
    values: ["keeps", "confirms"],
  },
  receiptTo: {
    says: "A receipt confirms a message only when it is addressed to whom the message came from.",
    values: ["checked", "ignored"],
  },
  statusForm: {
    says: "Somebody's status comes as a <status> stanza, not as a <message> of status@broadcast.",
    values: ["status", "message"],
  },
  qrLife: {
    says: "A QR can be scanned as long as WhatsApp means it to: the first for 60 s, each of the others for 20 s more.",
    values: ["timed", "endless"],
  },
  earlyAcks: {
    says: "A client that is being linked has to acknowledge every notification, once.",
    values: ["demanded", "ignored"],
  },
  groupThrottle: {
    says: "More copies of one group message than this in a minute lock the account; an answer to a whole group counts for each member.",
    values: { default: 60, max: 10_000 },
  },
  retryKeys: {
    says: "Who cannot read a message asks without keys first, and with keys for a new session from the second time on.",
    values: ["second", "always"],
  },
  staleDevice: {
    says: "One device that is gone makes the whole query for keys fail, without saying which one.",
    values: ["fails-all", "skipped"],
  },
  displayNames: {
    says: "A pairing code is only given to a client that names itself by a browser on a system that WhatsApp knows.",
    values: ["known", "any"],
  },
  minVersion: {
    says: "A client whose version is older than 2.3000.N is turned away.",
    values: { default: usualRevision, max: 4_000_000_000 },
  },
  oldVersion: {
    says: "A client that is too old is told so by a failure with reason 405, or its connection is closed without a word.",
    values: ["failure", "close"],
  },
  tctoken: {
    says: "A message to somebody whose privacy token the device has, but leaves out, is refused with 463; resends too.",
    values: ["demanded", "ignored"],
  },
  unconfirmedMs: {
    says: "A stanza that was not confirmed for this long ends the stream with an error that names it.",
    values: { default: 3_000_000, max: 86_400_000 },
  },
  groupReceipts: {
    says: "What members of a group say about a message comes in one receipt for many of them.",
    values: ["aggregated", "single"],
  },
  phoneAnswers: {
    says: "The own phone answers when a linked device asks it for a message, a file once more, an older part of a chat or a copy of its settings.",
    values: [true, false],
  },
  phoneAnswerMs: {
    says: "So long after the question the own phone answers; a phone in a pocket takes hours.",
    values: { default: 0, max: 86_400_000 },
  },
  editForm: {
    says: "An edit is encrypted with the secret of the message it changes, as phones do since May 2026.",
    values: ["sealed", "plain"],
  },
  addressing: {
    says: "A message that names people by number goes to nobody from an account that was migrated to LIDs, nor one by LID from an account that was not.",
    values: ["checked", "any"],
  },
  numberDevices: {
    says: "A migrated account that asks for the devices behind somebody's number is told of none; behind a LID of all.",
    values: ["none", "listed"],
  },
  usyncName: {
    says: "Whoever was asked for is named in the answer by `jid`; on some servers by `pn_jid` alone.",
    values: ["jid", "pn_jid"],
  },
  aboutText: {
    says: "The about text changes by the query of WhatsApp Web; the older one is answered and has no effect.",
    values: ["mex", "iq"],
  },
  catalogue: {
    says: "The query for a catalogue is not answered any more.",
    values: ["silent", "answered"],
  },
  channelQueries: {
    says: "Channels are not found by the numbers that their queries once had: error 400.",
    values: ["rotated", "answered"],
  },
} as const satisfies Record<string, StrictFact>;

type Facts = typeof strictFacts;
type ValueOf<V> = V extends readonly (infer One)[] ? One : number;

/** How strict the sandbox is now, fact by fact. */
export type Strictness = { readonly [Name in keyof Facts]: ValueOf<Facts[Name]["values"]> };

/** Everything as the real WhatsApp does it. */
export function strictest(): Strictness {
  const entries = Object.entries<StrictFact>(strictFacts).map(([name, { values }]) => [
    name,
    "default" in values ? values.default : values[0],
  ]);
  // Each value is the first of those that its own entry lists.
  return Object.fromEntries(entries) as Strictness;
}
