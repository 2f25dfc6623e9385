/** The servers a JID can name, in their canonical spelling. */
type JidServer = "s.whatsapp.net" | "lid" | "g.us" | "broadcast" | "newsletter" | "bot" | "call";

/** A JID taken apart. */
export interface Jid {
  /** Digits of a person, id of a group or channel, `status` of the status feed. */
  readonly user: string;
  readonly server: JidServer;
  /** Device number, 0 is the phone; undefined when the JID names a chat or a person, not a device. */
  readonly device?: number;
}

/** JID of the status feed. */
export const statusJid = "status@broadcast";

// WhatsApp protocol: c.us is the older name of s.whatsapp.net; hosted servers are the same accounts run by a provider.
const servers: Readonly<Record<string, JidServer>> = {
  "s.whatsapp.net": "s.whatsapp.net",
  "c.us": "s.whatsapp.net",
  hosted: "s.whatsapp.net",
  lid: "lid",
  "hosted.lid": "lid",
  "g.us": "g.us",
  broadcast: "broadcast",
  newsletter: "newsletter",
  bot: "bot",
  call: "call",
};

/** Takes a JID apart; undefined when it is none. The agent (`123_1@…`, `123.0:4@…`) is dropped. */
export function parseJid(jid: string): Jid | undefined {
  const parts = /^([^@:]+)(?::(\d+))?@([a-z.]+)$/.exec(jid);
  const server = servers[parts?.[3] ?? ""];
  const named = parts?.[1];
  if (server === undefined || named === undefined) return undefined;
  const user = server === "s.whatsapp.net" || server === "lid" ? named.replace(/[._]\d+$/, "") : named;
  return parts?.[2] === undefined ? { user, server } : { user, server, device: Number(parts[2]) };
}

/** The JID without device and agent, on the canonical server; the text itself when it is no JID. */
export function canonicalJid(jid: string): string {
  const parsed = parseJid(jid);
  return parsed === undefined ? jid : `${parsed.user}@${parsed.server}`;
}

/** User part of a JID; the text up to `@`, `:` when it is none. */
export function userOf(jid: string): string {
  return parseJid(jid)?.user ?? jid.replace(/[@:].*$/, "");
}

/** Device number a JID names; 0, the phone, when it names none. */
export function deviceOf(jid: string): number {
  return parseJid(jid)?.device ?? 0;
}

/** Whether this is the device that a provider runs for somebody. */
export function isHostedJid(jid: string): boolean {
  return /@hosted(\.lid)?$/.test(jid);
}

/** JID of the person with this number (digits). */
export function personJid(phone: string): string {
  return `${phone}@s.whatsapp.net`;
}

/** JID of the person with this LID (user part). */
export function lidJid(lid: string): string {
  return `${lid}@lid`;
}

/** Whether this is a person known by number. */
export function isPersonJid(jid: string): boolean {
  return parseJid(jid)?.server === "s.whatsapp.net";
}

/** Whether this is a person known by LID. */
export function isLidJid(jid: string): boolean {
  return parseJid(jid)?.server === "lid";
}

/** Whether this is a group. */
export function isGroupJid(jid: string): boolean {
  return parseJid(jid)?.server === "g.us";
}

/** Whether this is a channel. */
export function isNewsletterJid(jid: string): boolean {
  return parseJid(jid)?.server === "newsletter";
}

/** Whether this is a broadcast list or the status feed. */
export function isBroadcastJid(jid: string): boolean {
  return parseJid(jid)?.server === "broadcast";
}

/** Whether this is the status feed. */
export function isStatusJid(jid: string): boolean {
  return canonicalJid(jid) === statusJid;
}

/** Whether two JIDs name the same person or chat, whatever their device. */
export function sameJid(one: string, other: string): boolean {
  return canonicalJid(one) === canonicalJid(other);
}
