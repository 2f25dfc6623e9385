/** The two ways WhatsApp names a person: by phone number or by its hidden id. */
export type Addressing = "pn" | "lid";

/** Server parts of a person's jid. */
const serverOf = { pn: "s.whatsapp.net", lid: "lid" } as const satisfies Record<Addressing, string>;

/**
 * WhatsApp protocol: the device that a provider runs for an account. It has a number of its own and servers of its own:
 * `NUMBER:99@hosted` and `LID:99@hosted.lid`; no other device is there, and this one nowhere else.
 */
export const hostedDevice = 99;
const hostedServerOf = { pn: "hosted", lid: "hosted.lid" } as const satisfies Record<Addressing, string>;

const serverFor = (addressing: Addressing, device: number): string =>
  (device === hostedDevice ? hostedServerOf : serverOf)[addressing];

/** One device of a person as a jid names it. */
export interface DeviceJid {
  readonly user: string;
  readonly addressing: Addressing;
  /** 0 is the phone. */
  readonly device: number;
}

/** A person's jid; without a device it means the person, or the phone. */
export function userJid(user: string, addressing: Addressing, device = 0): string {
  return `${user}${device === 0 ? "" : `:${device}`}@${serverFor(addressing, device)}`;
}

/** Reads a person's jid; undefined for groups, broadcasts, channels and whatever is not a jid. */
export function parseUserJid(jid: string): DeviceJid | undefined {
  const found = /^(\d+)(?:_\d+)?(?::(\d+))?@(s\.whatsapp\.net|c\.us|lid|hosted|hosted\.lid)$/.exec(jid);
  if (found === null) return undefined;
  const [, user = "", device = "0", server = ""] = found;
  if ((Number(device) === hostedDevice) !== server.startsWith("hosted")) return undefined;
  return { user, device: Number(device), addressing: server.endsWith("lid") ? "lid" : "pn" };
}

/** How Signal sessions are filed: one for each address and device. */
export function signalAddress(user: string, addressing: Addressing, device: number): string {
  return `${user}@${serverFor(addressing, device)}:${device}`;
}

/** Full jid of what a control call names: a number becomes a person's jid, a jid stays. */
export function recipientJid(to: string): string {
  return to.includes("@") ? to : `${to.replace(/^\+/, "")}@${serverOf.pn}`;
}
