import type { Captured, PersonRef } from "#domain/captured.ts";
import { isGroupJid, parseJid } from "#domain/jid.ts";

/** A call that came in. */
export interface RingingCall {
  /** As WhatsApp spells it. */
  readonly callId: string;
  /** JID of the device that calls. */
  readonly from: string;
  /** Chat with the caller; undefined for a call of a group. */
  readonly chatId?: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Calls among these that nobody took or declined meanwhile, in order. */
export function ringingCallsOf(captured: readonly Captured[]): readonly RingingCall[] {
  const calls = captured.filter((one) => one.kind === "notification" && one.callId !== undefined);
  const notices = calls.filter((one) => one.kind === "notification");
  const answered = new Set(notices.filter(({ name }) => answers.has(name)).map(({ key }) => key));
  return notices
    .filter(({ name, fromMe, key }) => offers.has(name) && !fromMe && !answered.has(key))
    .map(({ key, sender, chat, at }) => ({
      callId: key,
      from: deviceJid(sender),
      ...(isGroupJid(chat.chatId) ? {} : { chatId: chat.chatId }),
      at,
    }));
}

const offers: ReadonlySet<string> = new Set(["CALL_VOICE", "CALL_VIDEO"]);
const answers: ReadonlySet<string> = new Set(["CALL_ACCEPTED", "CALL_REJECTED"]);

/** The JID as it came, with the device it named. */
function deviceJid({ jid, device }: PersonRef): string {
  const parsed = parseJid(jid);
  return parsed === undefined || device === undefined ? jid : `${parsed.user}:${device}@${parsed.server}`;
}
